/*
 * Who wants to hear of what. Used by confab.js; knows no event by name.
 */
export class Events {
    #handlers = new Map();

    /** @returns {() => void} takes the handler off again */
    on(event, handler) {
        const handlers = this.#handlers.get(event) ?? new Set();

        this.#handlers.set(event, handlers);
        handlers.add(handler);
        return () => handlers.delete(handler);
    }

    /* A handler that throws is the application's error, not ours. */
    emit(event, ...values) {
        for (const handler of this.#handlers.get(event) ?? []) {
            try {
                handler(...values);
            } catch (error) {
                setTimeout(() => {
                    throw error;
                });
            }
        }
    }
}
