/*
 * The dialog that asks for a name.
 */
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { userName } from "./names.js";

/**
 * @param {string} suggestion
 * @param {boolean} isFirst nobody has a name yet: it cannot be cancelled
 * @returns {Promise<string | null>} null: cancelled
 */
export function askName(suggestion, isFirst) {
    const dialog = byId("welcome");
    const field = byId("welcome-name");
    const problem = byId("welcome-problem");
    const kind = isFirst ? "welcome" : "rename";

    byId("welcome-title").textContent = t(`${kind}Title`);
    byId("welcome-text").textContent = t(`${kind}Text`);
    byId("welcome-go").textContent = t(isFirst ? "startChatting" : "save");
    byId("welcome-cancel").hidden = isFirst;
    field.value = suggestion;
    problem.hidden = true;
    dialog.showModal();
    field.select();

    return new Promise((resolve) => {
        const done = new AbortController();
        const listen = (target, event, act) =>
            target.addEventListener(event, act, { signal: done.signal });
        const finish = (name) => {
            done.abort();
            dialog.close();
            resolve(name);
        };

        listen(byId("welcome-form"), "submit", (event) => {
            const { name, error } = userName(field.value);

            event.preventDefault();
            problem.hidden = !error;
            problem.textContent = error ? t(error) : "";
            if (name !== undefined)
                finish(name);
        });
        listen(dialog, "cancel", (event) => {
            event.preventDefault();
            if (!isFirst)
                finish(null);
        });
        listen(byId("welcome-cancel"), "click", () => finish(null));
    });
}
