#include "shared/line.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "shared/base.h"

/* More than this, as the system counts it, is not kept waiting in a line for
 * wishes alone: a third of what it holds by default. */
#define WISHES_BYTES_MAX (64 * 1024)

/* One descriptor beside the word. */
union room_for_fd {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
line_pair(int ends[2])
{
	return socketpair(AF_UNIX,
		SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static bool
send_parts(int end, struct iovec *parts, size_t count, int fd)
{
	union room_for_fd room = { 0 };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *head;

		message.msg_control = room.bytes;
		message.msg_controllen = sizeof(room.bytes);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(end, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent > 0;
}

bool
line_say(int end, const struct line_word *word, int fd)
{
	struct line_word copy = *word;
	struct iovec part = { &copy, sizeof(copy) };

	return send_parts(end, &part, 1, fd);
}

static bool
send_text(int end, enum line_kind kind, struct text text)
{
	struct line_word word = { .kind = kind };
	struct iovec parts[] = {
		{ &word, sizeof(word) },
		{ (void *)(uintptr_t)text.at, text.length },
	};

	must(text.length > 0 && text.length <= LINE_TEXT_BYTES_MAX);
	return send_parts(end, parts, ARRAY_LEN(parts), -1);
}

bool
line_wish(int end, struct text wish)
{
	int waiting;

	if (ioctl(end, SIOCOUTQ, &waiting) < 0 || waiting > WISHES_BYTES_MAX)
		return false;
	return send_text(end, LINE_WISH, wish);
}

bool
line_tell(int end, struct text traced)
{
	return send_text(end, LINE_TRACED, traced);
}

static int
descriptor_in(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head && head->cmsg_level == SOL_SOCKET &&
		head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* What has a text is never without one. */
static bool
makes_sense(const struct line_news *news, ssize_t got)
{
	ssize_t word = (ssize_t)sizeof(news->word);

	if (got < word || news->word.kind > LINE_TRACED)
		return false;
	return (news->word.kind >= LINE_WISH) == (got > word);
}

enum line_heard
line_hear(int end, struct line_news *news)
{
	struct iovec parts[] = {
		{ &news->word, sizeof(news->word) },
		{ news->text, sizeof(news->text) },
	};
	union room_for_fd room = { 0 };
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = ARRAY_LEN(parts),
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	ssize_t got;

	news->fd = -1;
	news->text_length = 0;
	do
		got = recvmsg(end, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return LINE_NOTHING;
	if (got >= 0)
		news->fd = descriptor_in(&message);
	if (makes_sense(news, got) && !(message.msg_flags & MSG_TRUNC)) {
		news->text_length = (size_t)got - sizeof(news->word);
		return LINE_WORD;
	}
	if (news->fd >= 0)
		close(news->fd);
	news->fd = -1;
	return LINE_GONE;
}
