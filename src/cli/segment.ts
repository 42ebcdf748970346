/** One segment of a path, so that a name cannot become two of them. */
export function segment(text: string): string {
  return encodeURIComponent(text)
}
