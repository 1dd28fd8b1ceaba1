/*
 * The keyboard: Alt+Up and Alt+Down change the talk, Escape closes what is open
 * and then goes back to the message field, and whoever begins to type anywhere
 * types there.
 */
export function listenToKeys(chat, panels, composer) {
    const step = (by) => {
        const keys = [...document.querySelectorAll("[data-talk]")]
            .map((element) => element.dataset.talk);
        const at = keys.indexOf(chat.current?.key) + by;

        if (keys.length > 0)
            chat.show(chat.talks.get(keys[(at + keys.length) % keys.length]));
    };

    document.addEventListener("keydown", (event) => {
        if (document.querySelector("dialog[open]"))
            return;
        if (event.altKey && !event.ctrlKey && !event.metaKey
            && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
            event.preventDefault();
            step(event.key === "ArrowUp" ? -1 : 1);
        } else if (event.key === "Escape" && !event.isComposing) {
            if (!panels.close())
                composer.focus();
        } else if (isTyping(event)) {
            composer.focus();
        }
    });
}

/* A letter typed where nothing takes letters. */
function isTyping(event) {
    const place = event.target;
    const isField = place.closest?.("input, textarea, [contenteditable]");

    return event.key.length === 1 && event.key !== " " && !isField
        && !event.ctrlKey && !event.metaKey && !event.altKey;
}
