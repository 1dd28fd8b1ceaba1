/*
 * Reading the history of a talk into its window, a page at a time, one page at
 * once.
 */
const PAGE = 50;

function readPage(chat, talk, query, take) {
    if (!talk.isLoading)
        talk.reading = read(chat, talk, query, take);
    return talk.reading;
}

async function read(chat, talk, query, take) {
    const { epoch } = talk;

    talk.isLoading = true;
    talk.loadFailed = false;
    try {
        const page = await chat.confab.history(talk.place,
            { ...query, limit: PAGE });

        if (talk.epoch === epoch)
            take(page);
    } catch {
        talk.loadFailed = talk.epoch === epoch;
    }
    talk.isLoading = false;
    chat.tell("talk", talk);
}

/** The page before the window. */
export function loadOlder(chat, talk) {
    if (!talk.hasOlder)
        return Promise.resolve();
    return readPage(chat, talk, { before: talk.before }, (page) => {
        talk.addOlder(page);
        talk.recount(chat.user);
        chat.tell("talks");
    });
}

/** The page after the window, when it does not reach the newest message. */
export function loadNewer(chat, talk) {
    if (!talk.hasNewer)
        return Promise.resolve();
    return readPage(chat, talk, { after: talk.loadedTo }, (page) =>
        talk.addNewer(page));
}

function jumpTo(chat, talk, before) {
    return readPage(chat, talk, { before }, (page) =>
        talk.showPage(page, before));
}

/** To the newest message, which may lie far behind the window. */
export async function loadLatest(chat, talk) {
    if (talk.hasNewer)
        await jumpTo(chat, talk, talk.top + 1);
    chat.setFollowing(talk, true);
    chat.tell("talk", talk);
}

/** The messages before and after one of them. */
export async function loadAround(chat, talk, offset) {
    while (talk.isLoading)
        await talk.reading;
    chat.setFollowing(talk, false);
    if (!talk.hasMessage(offset))
        await jumpTo(chat, talk, Math.min(offset + PAGE / 2, talk.top + 1));
}
