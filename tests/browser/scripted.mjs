/*
 * A server that does what a test tells it, for what the real one does only on
 * bad days: close codes, repeats, gaps, other epochs.
 */
import { WebSocketServer } from "ws";

export class Scripted {
    /** @param {Record<string, (data: object) => object>} answers by command */
    static async start(answers = {}) {
        const scripted = new Scripted();

        scripted.answers = {
            login: ({ user }) => ({ user, ping: 25 }),
            join: ({ room }) => ({
                room, epoch: "e1", offset: 0, users: 1, connections: 1,
            }),
            ...answers,
        };
        scripted.asked = [];
        scripted.connections = 0;
        scripted.server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
        scripted.server.on("connection", (socket) => scripted.serve(socket));
        await new Promise((resolve) =>
            scripted.server.once("listening", resolve));
        scripted.port = scripted.server.address().port;
        scripted.url = `ws://127.0.0.1:${scripted.port}/`;
        return scripted;
    }

    serve(socket) {
        this.socket = socket;
        this.connections++;
        socket.on("message", (text) => {
            const { seq, cmd, data } = JSON.parse(text);

            this.asked.push({ cmd, data });
            const answer = this.answers[cmd]?.(data);

            if (answer?.code)
                this.send({ seq, cmd, ...answer });
            else if (answer)
                this.send({ seq, cmd, code: 200, data: answer });
        });
    }

    send(frame) {
        this.socket.send(JSON.stringify(frame));
    }

    /** A message of room "r". */
    push(offset, more = {}) {
        this.send({ cmd: "msg", data: message(offset, more) });
    }

    stop() {
        for (const socket of this.server.clients)
            socket.terminate();
        this.server.close();
    }
}

export function message(offset, more = {}) {
    return {
        id: `id${offset}`, time: 1, from: "x", platform: 101, room: "r",
        type: "text", body: `m ${offset}`, epoch: "e1", offset, ...more,
    };
}
