import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A wire to the server that can be cut: a browser's own "offline" spares what is already connected. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private whole = true;

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async to(target: URL): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server);
    server.on("connection", (near) => {
      if (!wire.whole) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port || 80), target.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.sockets.add(socket);
        socket.pipe(other);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          wire.sockets.delete(socket);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.whole = false;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.whole = true;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}
