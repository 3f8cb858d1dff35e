/** The package has no types of its own. */
declare module 'html-encoding-sniffer' {
  interface Options {
    readonly xml?: boolean;
    readonly transportLayerEncodingLabel?: string;
    readonly defaultEncoding?: string;
  }
  /** The name of an encoding, as the WHATWG's standard has it. */
  export default function sniffEncoding(bytes: Uint8Array, options?: Options): string;
}
