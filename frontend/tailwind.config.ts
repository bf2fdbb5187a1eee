import type { Config } from "tailwindcss";
import animate from "tailwindcss-animate";

const token = (name: string) => `hsl(var(--${name}))`;
/** A hue of the design system with its ink: the same hue, dark enough for text and filled controls. */
const hue = (name: string) => ({ DEFAULT: token(name), ink: token(`${name}-ink`) });

const config: Config = {
  content: ["./app/**/*.tsx", "./components/**/*.tsx", "./components/**/*.ts", "./lib/*.ts"],
  theme: {
    extend: {
      colors: {
        "ai-primary": hue("ai-primary"),
        "ai-secondary": hue("ai-secondary"),
        "ai-accent": hue("ai-accent"),
        // `agent` alone is the hue of the nearest `data-agent`; the numbered ones are the seed's.
        agent: {
          DEFAULT: token("a"),
          ink: token("a-ink"),
          1: hue("agent-1"),
          2: hue("agent-2"),
          3: hue("agent-3"),
          4: hue("agent-4"),
          5: hue("agent-5"),
        },
        neutral: {
          white: token("neutral-white"),
          paper: token("neutral-paper"),
          fog: token("neutral-fog"),
          shadow: hue("neutral-shadow"),
          charcoal: token("neutral-charcoal"),
          edge: token("neutral-edge"),
        },
        semantic: {
          success: hue("semantic-success"),
          warning: hue("semantic-warning"),
          error: hue("semantic-error"),
          info: hue("semantic-info"),
        },
        "on-ink": token("on-ink"),
      },
      spacing: { xs: "0.25rem", sm: "0.5rem", md: "1rem", lg: "1.5rem", xl: "2rem" },
      fontSize: {
        display: ["3rem", "1.1"],
        h1: ["2.25rem", "1.15"],
        h2: ["1.5rem", "1.2"],
        h3: ["1.25rem", "1.4"],
        "body-lg": ["1.125rem", "1.5"],
        body: ["1rem", "1.5"],
        "body-sm": ["0.875rem", "1.5"],
        label: ["0.875rem", "1.5"],
        caption: ["0.75rem", "1.25rem"],
      },
      borderRadius: { sm: "0.25rem", md: "0.375rem", lg: "0.5rem" },
      boxShadow: { sm: "var(--shadow-sm)", md: "var(--shadow-md)", lg: "var(--shadow-lg)" },
      keyframes: {
        "stream-pulse": {
          "0%": { opacity: "0.55", transform: "scale(0.6)" },
          "80%, 100%": { opacity: "0", transform: "scale(1.35)" },
        },
        shimmer: { to: { "background-position": "-200% 0" } },
        caret: { "50%": { opacity: "0" } },
      },
      animation: {
        "stream-pulse": "stream-pulse 2s cubic-bezier(.2, 0, 0, 1) infinite",
        shimmer: "shimmer 1.6s linear infinite",
        caret: "caret 1.1s steps(2) infinite",
      },
    },
  },
  plugins: [animate],
};

export default config;
