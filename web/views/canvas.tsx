import { useEffect, useRef } from "preact/hooks";

/** Pixels as they are, enlarged by the style sheet without smoothing. */
export function Pixels(props: {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly alt: string;
}) {
  const { width, height, pixels, alt } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  return <canvas ref={canvas} class="pixels" width={width} height={height} role="img" aria-label={alt} />;
}

/** A byte a pixel. */
export function greyPixels(bytes: Uint8Array, side: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let k = 0; k < side * side; k++) pixels.fill(bytes[k] ?? 0, 4 * k, 4 * k + 3);
  return pixels;
}
