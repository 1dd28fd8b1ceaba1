/*
 * The shapes of what goes in and out of confab.js, for readers and for editors
 * that check types. There is nothing to run here.
 */
export {};

/**
 * @typedef {object} Options
 * @property {string} url
 * @property {Function} [WebSocket] the constructor; default: the global one
 * @property {boolean} [reconnect=true]
 * @property {number} [backoffMs=300] first pause; doubles at each failure
 * @property {number} [backoffMaxMs=20000]
 * @property {number} [connectMs=10000] patience with one attempt
 * @property {number} [requestMs=20000] patience with one answer
 * @property {number} [recoverLimit=10000] more missed messages: `moved`
 */

/**
 * open: connected, nobody logged in. restoring: logging in and joining again.
 * waiting: the next attempt comes at `retryAt`. closed: by close(), or for a
 * reason that trying again does not cure (`code`, `reason`).
 * @typedef {"idle"|"connecting"|"open"|"restoring"|"online"|"waiting"|"closed"}
 *   State
 */

/**
 * @typedef {object} Account
 * @property {string} [user] may be left out with a token, which says it
 * @property {string | (() => string | Promise<string>)} [token] where they are
 *   needed; a function is asked again for each login, and before one ends
 * @property {number} [platform=101]
 * @property {string} [tenant]
 * @property {object} [info] at most 1 KiB, shown to members
 * @property {{epoch: string, offset: number, id?: string}} [inbox] where an
 *   earlier visit was in it: what came since is told as `msg`
 */

/**
 * Where a message goes: exactly one of room, user, users, client, clients, all.
 * @typedef {object} Target
 * @property {string} [room]
 * @property {string} [user]
 * @property {number} [platform] with user: only where they are on this one
 * @property {string[]} [users] at most 1000
 * @property {string} [client]
 * @property {string[]} [clients] at most 1000
 * @property {true} [all]
 */

/**
 * @typedef {object} SayOptions
 * @property {string} [type="text"]
 * @property {string} [key] a message with the key of one said to the same place
 *   within 12 hours is that one, and answered so; default: one of its own
 * @property {boolean} [keep] false: it is not remembered
 * @property {number} [ttl] seconds; after them it is no longer delivered
 * @property {boolean} [echo] it comes back as `msg` on this connection too
 */

/**
 * @typedef {object} Said
 * @property {string} id
 * @property {number} time unix ms
 * @property {string} [epoch] of the room, or of our own inbox
 * @property {number} [offset]
 * @property {number} [reached] of one that is not remembered: connections
 */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {number} time unix ms
 * @property {string} from
 * @property {number} platform
 * @property {string} [room]
 * @property {string} [to] the recipient of a direct message
 * @property {string[]} [users] instead of to: one of ours to several
 * @property {true} [client] to this connection alone
 * @property {true} [all] to everybody
 * @property {number} [only] the platform it was sent to
 * @property {string} type
 * @property {*} body any JSON value; null when it was deleted
 * @property {string} [key] on the connections of who said it
 * @property {string} [epoch]
 * @property {number} [offset] in the room, or in our own inbox
 * @property {number} [edited] unix ms
 * @property {number} [deleted] unix ms
 */

/**
 * A message was edited or deleted. It has an id and an offset of its own.
 * @typedef {object} Change
 * @property {string} id
 * @property {number} time unix ms
 * @property {string} from
 * @property {number} platform
 * @property {string} [room]
 * @property {string} [to]
 * @property {string[]} [users]
 * @property {number} [offset]
 * @property {string} of id of the message
 * @property {number} [of_offset]
 * @property {string} [type]
 * @property {*} [body] the new one, when it was edited
 */

/**
 * At most one of before, after (offsets), before_id, after_id, from_time.
 * @typedef {object} HistoryQuery
 * @property {number} [before]
 * @property {number} [after]
 * @property {string} [before_id]
 * @property {string} [after_id]
 * @property {number} [from_time] unix ms
 * @property {number} [limit=50] at most 500
 */

/**
 * @typedef {object} Page
 * @property {string} epoch
 * @property {number} first of the span that was looked at, 0 when empty: what
 *   expired, and changes, are in it but not shown
 * @property {number} last
 * @property {boolean} more beyond the span
 * @property {Message[]} messages ascending, as they are now
 */

/**
 * @typedef {object} Member
 * @property {string} user
 * @property {number[]} platforms
 * @property {number} since unix ms
 * @property {object} [info]
 */
