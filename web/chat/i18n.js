/*
 * Every sentence the page can say, in each of its languages, and the formats of
 * days and times. {x} in a sentence is filled in; a function is for plurals.
 */
const en = {
    lang: "en",
    appName: "confab",
    skipToComposer: "Go to the message field",
    welcomeTitle: "Welcome",
    welcomeText: "Choose the name that others will see.",
    renameTitle: "Change your name",
    renameText: "You will come back to your rooms under the new name.",
    yourName: "Your name",
    startChatting: "Start chatting",
    save: "Save",
    cancel: "Cancel",
    nameEmpty: "Please enter a name.",
    nameLong: "That name is too long.",
    rooms: "Rooms",
    yourRooms: "Your rooms",
    moreRooms: "More rooms",
    findRoom: "Find a room or @person",
    directs: "Direct messages",
    beginWith: "Message {name}",
    close: "Close",
    closeDirect: "Close the conversation with {room}",
    online: "online",
    offline: "offline",
    enterRoom: "Enter {room}",
    roomLong: "That room name is too long.",
    openRooms: "Show rooms",
    closeRooms: "Hide rooms",
    members: "Members",
    showMembers: "Members",
    closeMembers: "Hide members",
    leaveRoom: "Leave room",
    leaveRoomName: "Leave {room}",
    copyLink: "Copy link to this room",
    linkCopied: "Link copied",
    changeName: "{name}: change your name",
    nameGiven: "{name}: your link says so",
    you: "you",
    people: (n) => n === 1 ? "1 person here" : `${n} people here`,
    peopleShort: (n) => n === 1 ? "1 person" : `${n} people`,
    andMore: (n) => `and ${n} more`,
    hereSince: "here since {time}",
    unread: (n) => n === 1 ? "1 unread message" : `${n} unread messages`,
    messages: "Messages in {room}",
    message: "Message {room}",
    messageTo: "Message {room}",
    writes: (names, n) => n === 1 ? `${names} is writing…`
        : `${names} are writing…`,
    manyWrite: (n) => `${n} people are writing…`,
    read: "Read",
    readBy: (names) => `Read by ${names}`,
    edited: "edited",
    editedAt: "edited {time}",
    editMessage: "Edit message",
    removeMessage: "Delete message",
    deletedMessage: "This message was deleted",
    editing: "Editing a message",
    remove: "Delete",
    removeTitle: "Delete this message for everyone?",
    notChanged: "That could not be done: {reason}",
    announced: "{from}: {text}",
    send: "Send",
    hint: "Enter to send · Shift+Enter for a new line · ↑ to edit",
    tooLong: "This message is too long to be sent.",
    newMessages: "New messages",
    jumpToLatest: "Jump to the latest messages",
    newCount: (n) => n === 1 ? "1 new message" : `${n} new messages`,
    beginning: "This is the beginning of {room}",
    beginningDirect: "This is the beginning of your conversation with {room}",
    loadingOlder: "Loading earlier messages…",
    olderFailed: "Earlier messages could not be loaded.",
    noMessages: "Nothing has been said here yet. Say hello!",
    noRoomTitle: "No room is open",
    noRoomText: "Choose a room on the left, or create one.",
    search: "Search messages",
    searchResults: "Search results",
    searching: "Searching…",
    found: (n, more) => more ? `${n} newest messages found`
        : n === 1 ? "1 message found" : `${n} messages found`,
    foundNothing: "Nothing was found.",
    foundNothingYet: "Nothing was found so far.",
    searchFailed: "The search failed: {reason}",
    searchMore: "Search further back",
    closeSearch: "Close the search",
    showAll: "Show all",
    came: (names, n) => `${names} came in`,
    went: (names, n) => `${names} left`,
    others: (names, n) => `${names} and ${n} others`,
    sending: "Sending…",
    notSent: "Not sent",
    maybeSent: "Perhaps not sent",
    retry: "Try again",
    discard: "Discard",
    stateIdle: "Not connected",
    stateConnecting: "Connecting…",
    stateOnline: "Connected",
    stateWaiting: "Connection lost. Trying again in {n} s.",
    stateSoon: "Connection lost. Trying again…",
    stateOffline: "You are offline.",
    stateClosed: "Disconnected.",
    stateReplaced: "You logged in somewhere else.",
    stateKicked: "The server ended your session.",
    stateExpired: "Your access has ended: open the page by a new link.",
    stateKickedWhy: "The server ended your session: {reason}",
    stateRefused: "The server refused the login: {reason}",
    tryNow: "Try now",
    connectAgain: "Connect again",
    joinFailed: "{room} could not be entered: {reason}",
    kicked: "You were removed from {room}.",
    kickedWhy: "You were removed from {room}: {reason}",
    historyMoved: "The history of {room} was loaded anew.",
    today: "Today",
    yesterday: "Yesterday",
    joinNames: (names) => new Intl.ListFormat("en").format(names),
    adjectives: ["Quiet", "Bright", "Gentle", "Swift", "Merry", "Calm",
        "Clever", "Sunny", "Kind", "Brave"],
    animals: ["Otter", "Heron", "Fox", "Wren", "Panda", "Lynx", "Finch",
        "Dolphin", "Hare", "Owl"],
};

const zh = {
    lang: "zh-CN",
    appName: "confab",
    skipToComposer: "跳到输入框",
    welcomeTitle: "欢迎",
    welcomeText: "请取一个大家能看到的名字。",
    renameTitle: "修改名字",
    renameText: "将以新名字回到您的房间。",
    yourName: "您的名字",
    startChatting: "开始聊天",
    save: "保存",
    cancel: "取消",
    nameEmpty: "请输入名字。",
    nameLong: "名字太长了。",
    rooms: "房间",
    yourRooms: "我的房间",
    moreRooms: "更多房间",
    findRoom: "查找房间或 @某人",
    directs: "私信",
    beginWith: "发消息给 {name}",
    close: "关闭",
    closeDirect: "关闭与 {room} 的对话",
    online: "在线",
    offline: "离线",
    enterRoom: "进入 {room}",
    roomLong: "房间名太长了。",
    openRooms: "显示房间",
    closeRooms: "收起房间",
    members: "成员",
    showMembers: "成员",
    closeMembers: "收起成员",
    leaveRoom: "离开房间",
    leaveRoomName: "离开 {room}",
    copyLink: "复制房间链接",
    linkCopied: "链接已复制",
    changeName: "{name}：修改名字",
    nameGiven: "{name}：由链接指定",
    you: "我",
    people: (n) => `${n} 人在线`,
    peopleShort: (n) => `${n} 人`,
    andMore: (n) => `还有 ${n} 人`,
    hereSince: "{time} 进入",
    unread: (n) => `${n} 条未读消息`,
    messages: "{room} 的消息",
    message: "在 {room} 发言",
    messageTo: "发消息给 {room}",
    writes: (names) => `${names} 正在输入…`,
    manyWrite: (n) => `${n} 人正在输入…`,
    read: "已读",
    readBy: (names) => `${names} 已读`,
    edited: "已编辑",
    editedAt: "编辑于 {time}",
    editMessage: "编辑消息",
    removeMessage: "删除消息",
    deletedMessage: "此消息已删除",
    editing: "正在编辑消息",
    remove: "删除",
    removeTitle: "要为所有人删除这条消息吗？",
    notChanged: "操作失败：{reason}",
    announced: "{from}：{text}",
    send: "发送",
    hint: "Enter 发送 · Shift+Enter 换行 · ↑ 编辑",
    tooLong: "消息太长，无法发送。",
    newMessages: "新消息",
    jumpToLatest: "跳到最新消息",
    newCount: (n) => `${n} 条新消息`,
    beginning: "这里是 {room} 的开头",
    beginningDirect: "这里是您与 {room} 对话的开头",
    loadingOlder: "正在加载更早的消息…",
    olderFailed: "无法加载更早的消息。",
    noMessages: "这里还没有人说话，打个招呼吧！",
    noRoomTitle: "没有打开的房间",
    noRoomText: "请在左侧选择或新建一个房间。",
    search: "搜索消息",
    searchResults: "搜索结果",
    searching: "正在搜索…",
    found: (n, more) => more ? `找到最新的 ${n} 条消息` : `找到 ${n} 条消息`,
    foundNothing: "没有找到相关消息。",
    foundNothingYet: "目前还没有找到相关消息。",
    searchFailed: "搜索失败：{reason}",
    searchMore: "继续向前搜索",
    closeSearch: "关闭搜索",
    showAll: "显示全部",
    came: (names) => `${names} 进入了房间`,
    went: (names) => `${names} 离开了房间`,
    others: (names, n) => `${names}等另外 ${n} 人`,
    sending: "正在发送…",
    notSent: "未发送",
    maybeSent: "可能未发送",
    retry: "重试",
    discard: "放弃",
    stateIdle: "未连接",
    stateConnecting: "正在连接…",
    stateOnline: "已连接",
    stateWaiting: "连接已断开，{n} 秒后重试。",
    stateSoon: "连接已断开，正在重试…",
    stateOffline: "网络已断开。",
    stateClosed: "连接已结束。",
    stateReplaced: "您已在别处登录。",
    stateKicked: "服务器结束了您的会话。",
    stateExpired: "您的访问期限已到，请用新的链接打开页面。",
    stateKickedWhy: "服务器结束了您的会话：{reason}",
    stateRefused: "服务器拒绝登录：{reason}",
    tryNow: "立即重试",
    connectAgain: "重新连接",
    joinFailed: "无法进入 {room}：{reason}",
    kicked: "您已被移出 {room}。",
    kickedWhy: "您已被移出 {room}：{reason}",
    historyMoved: "{room} 的历史消息已重新加载。",
    today: "今天",
    yesterday: "昨天",
    joinNames: (names) => names.join("、"),
    adjectives: ["安静的", "明亮的", "温柔的", "敏捷的", "快乐的",
        "从容的", "聪明的", "阳光的", "善良的", "勇敢的"],
    animals: ["水獭", "白鹭", "狐狸", "鹪鹩", "熊猫", "猞猁", "燕雀",
        "海豚", "野兔", "猫头鹰"],
};

const first = (navigator.languages?.[0] ?? navigator.language ?? "en");
const words = first.toLowerCase().startsWith("zh") ? zh : en;
/* Times look as the visitor's region writes them, if the words do too. */
const locale = first.slice(0, 2).toLowerCase() === words.lang.slice(0, 2)
    ? first : words.lang;

const clock = new Intl.DateTimeFormat(locale,
    { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(locale,
    { dateStyle: "full", timeStyle: "medium" });
const dayThisYear = new Intl.DateTimeFormat(locale,
    { weekday: "long", month: "long", day: "numeric" });
const dayOtherYear = new Intl.DateTimeFormat(locale,
    { year: "numeric", month: "long", day: "numeric" });

/** A sentence: t("people", 3), t("enterRoom", {room: "#x"}), t("send"). */
export function t(key, ...values) {
    const sentence = words[key];

    if (typeof sentence === "function")
        return sentence(...values);
    if (typeof sentence !== "string")
        return sentence;
    return sentence.replace(/\{(\w+)\}/g,
        (whole, name) => values[0]?.[name] ?? whole);
}

export const byName = new Intl.Collator(locale, { numeric: true }).compare;

export function clockTime(time) {
    return clock.format(time);
}

export function fullTime(time) {
    return full.format(time);
}

/** "Today", "Yesterday", or the date. */
export function dayName(time) {
    const day = new Date(time);
    const now = new Date();
    const before = new Date(now.getFullYear(), now.getMonth(),
        now.getDate() - 1);

    if (day.toDateString() === now.toDateString())
        return t("today");
    if (day.toDateString() === before.toDateString())
        return t("yesterday");
    return day.getFullYear() === now.getFullYear()
        ? dayThisYear.format(day) : dayOtherYear.format(day);
}

/** Fills index.html: data-text is the content, data-label the aria-label. */
export function translatePage() {
    document.documentElement.lang = words.lang;
    for (const element of document.querySelectorAll("[data-text]"))
        element.textContent = t(element.dataset.text);
    for (const element of document.querySelectorAll("[data-label]")) {
        element.setAttribute("aria-label", t(element.dataset.label));
        if (element.tagName === "INPUT")
            element.placeholder = t(element.dataset.label);
        if (element.tagName === "BUTTON")
            element.title = t(element.dataset.label);
    }
}
