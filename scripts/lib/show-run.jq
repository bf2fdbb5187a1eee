# Turns a run's event stream (server-sent events, raw lines) into lines for a terminal: "1 | what the first agent says".
# What agents print is other people's text: control characters, and with them terminal commands, are taken out.
def clean: gsub("\\p{Cc}+"; " ") | gsub("\\p{Cf}+"; "");
def short($n): if length > $n then .[:$n] + " …" else . end;
def colour($i): ["31", "33", "32", "34", "35"][$i % 5];
def line($i; $text):
  if env.COLOUR == "1" then "\u001b[\(colour($i))m\($i + 1) |\u001b[0m " + ($text | clean) else "\($i + 1) | " + ($text | clean) end;

# What is worth a line of the agent's own lines; null for the rest. `say` is text that may still go on.
def agent_line:
  if .type == "started" then "starts with \(.model // "?") on \((.base_sha // "?")[:12])"
  elif .type == "status" then "\(.step): \(.message // "")"
  elif .type == "tool_call" then "-> \(.name) \((.arguments // "") | tostring | short(140))"
  elif .type == "tool_result" then "   \(if .ok then "ok" else "FAILED" end): \((.output // "") | tostring | split("\n") | map(select(length > 0)) | (last // "") | short(140))"
  elif .type == "check" then "check `\(.command)`: \(if .exit_code == 0 then "passed" else "FAILED (exit code \(.exit_code))" end)"
  elif .type == "finished" then "finished, \(.outcome): \(.summary // "" | short(300))"
  elif .type == "error" then "ERROR \(.code): \(.message)"
  else null end;

# Text comes in pieces; a line is shown when it is whole, or when something else happens.
def flush($i): if (.text[$i] // "") == "" then . else .out += [line($i | tonumber; .text[$i])] | .text[$i] = "" end;
def add($i; $delta):
  .text[$i] = ((.text[$i] // "") + $delta)
  | (.text[$i] | split("\n")) as $lines
  | .out += [$lines[:-1][] | select(test("\\S")) | line($i | tonumber; .)]
  | .text[$i] = $lines[-1];

def event($name):
  (.data.variation_id // 0 | tostring) as $i | .data as $d
  | if $name == "agent_output" then
      (($d.content // "") | (fromjson? // null)) as $line
      | if ($line | type) == "object" and ($line | has("type")) then
          if $line.type == "text" then add($i; $line.delta // "")
          else ($line | agent_line) as $text | if $text then flush($i) | .out += [line($i | tonumber; $text)] else . end end
        else flush($i) | .out += [line($i | tonumber; $d.content // "(not text)")] end
    # agent_complete says the same, and more.
    elif $name == "agent_status" and ($d.status | IN("succeeded", "failed")) then .
    elif $name == "agent_status" then
      flush($i) | .out += [line($i | tonumber; ["[\($d.status)]", ([$d.reason, $d.message, $d.hint] | map(select(. != null and . != "")) | join(" – "))] | map(select(. != "")) | join(" "))]
    elif $name == "agent_error" then flush($i) | .out += [line($i | tonumber; "[error] \($d.error)")]
    elif $name == "agent_complete" then
      flush($i) | .out += [line($i | tonumber; "[\($d.status)] exit code \($d.exit_code), \($d.lines) log lines, \($d.bytes) bytes"
        + (if $d.patch then ", patch of \($d.patch.files) file(s) +\($d.patch.additions) -\($d.patch.deletions)" else ", no patch" end))]
    elif $name == "log_gap" then flush($i) | .out += [line($i | tonumber; "[log gap] \($d.reason)")]
    elif $name == "run_complete" then .out += ["run \($d.status | clean)"]
    else . end;

foreach inputs as $raw ({name: "", text: {}, out: []};
  .out = []
  | if ($raw | startswith("event:")) then .name = ($raw[6:] | ltrimstr(" "))
    elif ($raw | startswith("data:")) then (($raw[5:] | fromjson?) // null) as $data
      | if $data then .data = $data | .name as $n | event($n) else . end
    else . end;
  .out[])
