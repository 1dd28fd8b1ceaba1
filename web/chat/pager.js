/*
 * Reading the history of a room into its window, a page at a time, one page at
 * once.
 */
const PAGE = 50;

function readPage(chat, room, query, take) {
    if (!room.isLoading)
        room.reading = read(chat, room, query, take);
    return room.reading;
}

async function read(chat, room, query, take) {
    const { epoch } = room;

    room.isLoading = true;
    room.loadFailed = false;
    try {
        const page = await chat.confab.history(room.name,
            { ...query, limit: PAGE });

        if (room.epoch === epoch)
            take(page);
    } catch {
        room.loadFailed = room.epoch === epoch;
    }
    room.isLoading = false;
    chat.tell("room", room);
}

/** The page before the window. */
export function loadOlder(chat, room) {
    if (!room.hasOlder)
        return Promise.resolve();
    return readPage(chat, room, { before: room.before }, (page) =>
        room.addOlder(page.messages, page.more));
}

/** The page after the window, when it does not reach the newest message. */
export function loadNewer(chat, room) {
    if (!room.hasNewer)
        return Promise.resolve();
    return readPage(chat, room, { after: room.lastLoaded() }, (page) =>
        room.addNewer(page.messages));
}

/** To the newest message, which may lie far behind the window. */
export async function loadLatest(chat, room) {
    if (room.hasNewer) {
        await readPage(chat, room, { before: room.top + 1 }, (page) =>
            room.showPage(page.messages, page.more));
    }
    chat.setFollowing(room, true);
    chat.tell("room", room);
}

/** The messages before and after one of them. */
export async function loadAround(chat, room, offset) {
    while (room.isLoading)
        await room.reading;
    chat.setFollowing(room, false);
    if (!room.hasMessage(offset)) {
        await readPage(chat, room, { before: offset + PAGE / 2 }, (page) =>
            room.showPage(page.messages, page.more));
    }
}
