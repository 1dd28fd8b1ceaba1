/*
 * The addresses of /v1, asked with a key.
 */
export class ApiError extends Error {
    /**
     * @param {number} status of HTTP; 0: the server was not reached
     * @param {number} code of the protocol
     * @param {string} message
     */
    constructor(status, code, message) {
        super(message);
        this.status = status;
        this.code = code;
    }
}

export class Api {
    /** @param {string} key */
    constructor(key) {
        this.key = key;
    }

    /** @param {object} [data] undefined members are left out */
    get(path, data = {}) {
        const query = new URLSearchParams();

        for (const [name, value] of Object.entries(data)) {
            if (value !== undefined && value !== "")
                query.append(name, value);
        }
        const words = query.toString();

        return this.ask("GET", words ? `${path}?${words}` : path);
    }

    post(path, data) {
        return this.ask("POST", path, JSON.stringify(data));
    }

    async ask(method, path, body) {
        let answer;
        let json = null;

        try {
            answer = await fetch(path, {
                method, body, cache: "no-store",
                headers: {
                    authorization: `Bearer ${this.key}`,
                    ...body && { "content-type": "application/json" },
                },
            });
            json = await answer.json();
        } catch (error) {
            if (!answer)
                throw new ApiError(0, 0, String(error?.message ?? error));
        }
        if (!answer.ok || json === null) {
            throw new ApiError(answer.status, json?.code ?? 0,
                json?.error ?? `HTTP ${answer.status}`);
        }
        return json;
    }
}
