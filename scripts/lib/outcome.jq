# The run and, after it, one verdict for each variation: a table.
def clean: tostring | gsub("\\p{Cc}+"; " ");
def pad($n): (. // "-" | clean) | if length < $n then . + (" " * ($n - length)) else . end;
.[0] as $run | .[1:] as $verdicts
| ["variation", "status", "patch", "checks", "log"] as $head
| [$run.variations | to_entries[]
   | .value as $v | $verdicts[.key] as $check
   | ["\(.key + 1)", $v.status,
      (if $v.patch then "\($v.patch.files) file(s) +\($v.patch.additions) -\($v.patch.deletions)" else "none" end),
      (($v.checks // []) | if length == 0 then "-" else "\(map(select(.exit_code == 0)) | length) of \(length) passed" end),
      "\($check.verdict // $check.detail), complete: \($check.complete // "unknown")"]] as $rows
| ([$head] + $rows)[] | "\(.[0] | pad(11))\(.[1] | pad(12))\(.[2] | pad(22))\(.[3] | pad(16))\(.[4])"
