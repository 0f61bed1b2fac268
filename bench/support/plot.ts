// Small plots as SVG text: groups of bars, and lines over a logarithmic axis.
//
// Colours are of the Okabe-Ito palette, which stays distinct for colour-blind readers.

const COLOURS = ['#0072b2', '#e69f00', '#999999', '#009e73', '#cc79a7', '#d55e00']
const WIDTH = 860
const LEFT = 64
const RIGHT = 16
const TOP = 56
const PANEL_HEIGHT = 200
const BOTTOM = 40

export interface BarPlot {
  readonly title: string
  /** What the bars measure, with its unit. */
  readonly unit: string
  /** One bar a series in every group. */
  readonly series: readonly string[]
  readonly groups: readonly { readonly label: string; readonly values: readonly number[] }[]
}

export interface LinePlot {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** Places on the horizontal axis, above zero, rising; drawn on a logarithmic scale. */
  readonly xs: readonly number[]
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
}

/** Plots one below the other in one picture. */
export function barPlots(plots: readonly BarPlot[]): string {
  return stacked(plots.map(barPanel))
}

/** Plots one below the other in one picture. */
export function linePlots(plots: readonly LinePlot[]): string {
  return stacked(plots.map(linePanel))
}

type Panel = (top: number) => string

function stacked(panels: readonly Panel[]): string {
  const step = TOP + PANEL_HEIGHT + BOTTOM
  const height = panels.length * step
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...panels.map((panel, index) => panel(index * step)),
    '</svg>\n',
  ].join('\n')
}

function barPanel(plot: BarPlot): Panel {
  return (top) => {
    const max = niceMax(plot.groups.flatMap((group) => group.values))
    const groupWidth = (WIDTH - LEFT - RIGHT) / plot.groups.length
    const barWidth = (groupWidth * 0.8) / plot.series.length
    const bars = plot.groups.flatMap((group, groupIndex) => {
      const from = LEFT + groupIndex * groupWidth + groupWidth * 0.1
      const label = text(from + groupWidth * 0.4, top + TOP + PANEL_HEIGHT + 16, group.label)
      return [
        label,
        ...group.values.map((value, index) => {
          const height = (value / max) * PANEL_HEIGHT
          const y = top + TOP + PANEL_HEIGHT - height
          const name = `${plot.series[index]}: ${value}`
          return (
            `<rect x="${round(from + index * barWidth)}" y="${round(y)}" ` +
            `width="${round(barWidth * 0.92)}" height="${round(height)}" ` +
            `fill="${colour(index)}"><title>${escape(name)}</title></rect>`
          )
        }),
      ]
    })
    return [frame(plot.title, plot.unit, top, max), legend(plot.series, top), ...bars].join('\n')
  }
}

function linePanel(plot: LinePlot): Panel {
  return (top) => {
    const max = niceMax(plot.series.flatMap((series) => series.values))
    const low = Math.log(plot.xs[0] ?? 1)
    const span = Math.log(plot.xs.at(-1) ?? 1) - low || 1
    const x = (value: number): number =>
      LEFT + 12 + ((Math.log(value) - low) / span) * (WIDTH - LEFT - RIGHT - 24)
    const y = (value: number): number => top + TOP + PANEL_HEIGHT * (1 - value / max)
    const base = top + TOP + PANEL_HEIGHT
    const lines = plot.series.map(({ values }, index) => {
      const points = values.map((value, at) => `${round(x(plot.xs[at]!))},${round(y(value))}`)
      const line = `points="${points.join(' ')}" fill="none" stroke="${colour(index)}"`
      return `<polyline ${line} stroke-width="2"/>`
    })
    return [
      frame(plot.title, plot.yLabel, top, max),
      legend(
        plot.series.map(({ name }) => name),
        top,
      ),
      ...plot.xs.map((value) => text(x(value), base + 16, String(value))),
      text(LEFT + (WIDTH - LEFT) / 2, base + 32, plot.xLabel),
      ...lines,
    ].join('\n')
  }
}

/** Title, unit, and horizontal rules with their values. */
function frame(title: string, unit: string, top: number, max: number): string {
  const rules = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => {
    const y = round(top + TOP + PANEL_HEIGHT * (1 - part))
    return [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#dddddd"/>`,
      text(LEFT - 6, y + 4, String(Number((max * part).toPrecision(3))), 'end'),
    ]
  })
  return [
    `<text x="${LEFT}" y="${top + 20}" font-size="15" font-weight="bold">${escape(title)}</text>`,
    text(LEFT, top + 40, unit, 'start'),
    ...rules,
  ].join('\n')
}

function legend(names: readonly string[], top: number): string {
  let x = WIDTH - RIGHT
  return names
    .toReversed()
    .map((name, back) => {
      x -= name.length * 7 + 24
      const box = `<rect x="${x}" y="${top + 30}" width="10" height="10" `
      const index = names.length - 1 - back
      return `${box}fill="${colour(index)}"/>\n${text(x + 14, top + 39, name, 'start')}`
    })
    .join('\n')
}

function text(x: number, y: number, content: string, anchor = 'middle'): string {
  const place = `x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"`
  return `<text ${place} fill="#333333">${escape(content)}</text>`
}

/** A round number at or above all values. */
function niceMax(values: readonly number[]): number {
  const max = Math.max(...values, Number.MIN_VALUE)
  const unit = 10 ** Math.floor(Math.log10(max))
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= max)! * unit
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
