// Lines to send, among them those that programs like to get wrong.

export const LINES: readonly string[] = [
  'plain',
  '',
  '  spaces around  ',
  'tab\tinside',
  'ünïcödé ✓ 日本語 🙂',
  '"quoted" \\ back',
  ...Array.from({ length: 2_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 97)}`),
]

export const INPUT = LINES.map((line) => `${line}\n`).join('')
