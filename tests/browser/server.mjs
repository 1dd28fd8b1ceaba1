/*
 * A confabd of its own for a file of tests: own directory, own free ports.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const confabd = path.resolve(process.env.CONFABD
    ?? path.join(root, "build/confabd"));
const confabctl = path.join(path.dirname(confabd), "confabctl");

/** Against hanging only: nothing is expected to take this long. */
export const GUARD_MS = 30000;

async function isFree(port) {
    const server = createServer();
    const listens = await new Promise((resolve) => {
        server.once("error", () => resolve(false));
        server.listen(port, "127.0.0.1", () => resolve(true));
    });

    if (listens)
        await new Promise((resolve) => server.close(resolve));
    return listens;
}

/* Outside of the range that outgoing connections take theirs from. */
async function freePorts(count) {
    const ports = new Set();

    while (ports.size < count) {
        const port = 12000 + Math.floor(Math.random() * 19000);

        if (await isFree(port))
            ports.add(port);
    }
    return [...ports];
}

/** Asks again until ask() gives something. */
export async function until(ask, what) {
    const end = Date.now() + GUARD_MS;

    while (Date.now() < end) {
        const answer = await ask();

        if (answer)
            return answer;
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`in vain: ${what}`);
}

export class Server {
    /**
     * Starts it; fails when it does not serve.
     * @param {{limits?: string, more?: string, profile?: string,
     *   listener?: string, files?: object}} [lines] of configuration; profile:
     *   in place of confab, with its HTTP on both listeners; listener: in each
     *   of them; files: what stands in some, by name,
     *   named @/name there
     */
    static async start(lines = {}) {
        const server = new Server();
        const [socketPort, httpPort] = await freePorts(2);

        server.directory = await mkdtemp(path.join(tmpdir(), "confab-web-"));
        server.page = `http://127.0.0.1:${httpPort}/`;
        server.front = `http://127.0.0.1:${socketPort}/`;
        server.url = `ws://127.0.0.1:${socketPort}/chat`;
        await mkdir(path.join(server.directory, "run"));
        await mkdir(path.join(server.directory, "data"));
        for (const [name, text] of Object.entries(lines.files ?? {}))
            await writeFile(path.join(server.directory, name), text,
                { mode: 0o600 });
        await writeFile(path.join(server.directory, "confab.conf"),
            configuration(server.directory, socketPort, httpPort, lines));
        try {
            await server.launch();
        } catch (error) {
            await server.stop();
            throw error;
        }
        return server;
    }

    async launch() {
        this.log = "";
        this.child = spawn(confabd, ["-f", "-c",
            path.join(this.directory, "confab.conf")],
        { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
        this.ended = new Promise((resolve) => {
            this.child.on("error", resolve);
            this.child.on("exit", resolve);
        });
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream?.on("data", (text) => {
                this.log += text;
            });
        }
        const died = this.ended.then((why) => {
            throw new Error(`${confabd} ended: ${why}\n${this.log}`);
        });

        died.catch(() => {});
        await Promise.race([died, until(() => this.isServing(),
            `${confabd} does not serve`)]);
    }

    /** Runs confabctl; what it says. */
    async control(...words) {
        const socket = path.join(this.directory, "run/status.sock");
        const { stdout } = await promisify(execFile)(confabctl,
            ["-s", socket, ...words]);

        return stdout.trim();
    }

    async isServing() {
        const pages = await fetch(this.page,
            { signal: AbortSignal.timeout(1000) })
            .then((answer) => answer.ok, () => false);

        return pages && (await this.workers("gateway")).length > 0;
    }

    /** Process ids of the serving workers of a role, by the status socket. */
    async workers(role) {
        const table = await this.control("show", "workers").catch(() => "");
        const [head, ...rows] = table.split("\n")
            .map((line) => line.split("\t"));
        const column = (name) => head.indexOf(name);

        return rows
            .filter((row) => row[column("role")]?.startsWith(role)
                && row[column("state")] === "serving")
            .map((row) => Number(row[column("pid")]));
    }

    /** kill -9 for all processes of a role, when they serve. */
    async kill(role) {
        const pids = await until(async () => {
            const serving = await this.workers(role);

            return serving.length > 0 && serving;
        }, `a ${role} is serving`);

        for (const pid of pids)
            process.kill(pid, "SIGKILL");
    }

    /** Ends the daemon, not its data. */
    async terminate() {
        this.child.kill("SIGTERM");
        await this.ended;
    }

    async stop() {
        await this.terminate();
        await rm(this.directory, { recursive: true, force: true });
    }
}

function configuration(directory, socketPort, httpPort,
    { limits = "messages_per_second = 0", more = "", profile,
        listener = "" }) {
    const others = (profile ? `profiles = {"${profile}"} ` : "") + listener;

    return `
run_dir = "${directory}/run"
data_dir = "${directory}/data"
web_dir = "${root}/web"
sql_dir = "${root}/sql"
user = ""
group = ""
gateways = 2
grace_seconds = 1
stop_seconds = 5
room "*" {
  search = true
}
room "unsearched" {
  search = false
}
room "crowd:*" {
  events_max = 2
}
inbox {
  search = true
}
limits {
  ${limits}
}
${more.replaceAll("@/", `${directory}/`)}
listener public {
  address = "127.0.0.1:${socketPort}"
  role = websocket
  ${others}
}
listener backend {
  address = "127.0.0.1:${httpPort}"
  role = api
  pages = true
  ${others}
}
`;
}
