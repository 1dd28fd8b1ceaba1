#include "master/reload.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/child.h"
#include "master/listeners.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/line.h"
#include "shared/log.h"

static void
on_error(void *self, const char *words)
{
	(void)self;
	log_error("%s", words);
}

static void
on_fixed(void *self, const struct config_change *change)
{
	(void)self;
	if (!change->is_live)
		log_warning("%s: %s instead of %s needs a restart",
			change->name, change->to, change->from);
}

static void
on_change(void *self, const struct config_change *change)
{
	struct reload *reload = self;
	struct text name = text_of(change->name);

	log_info("%s: %s%s%s", change->name, change->to,
		change->from[0] ? " instead of " : "", change->from);
	if (text_has_prefix(name, TEXT_LITERAL("room ")) ||
		text_has_prefix(name, TEXT_LITERAL("inbox")))
		reload->needs_historian = true;
}

/* The text of the configuration, for all children to read. */
static int
make_text(const struct config *config)
{
	struct buffer text = { 0 };
	int fd = memfd_create("confab.conf", MFD_CLOEXEC);

	config_write(config, &text);
	if (fd >= 0 &&
		write(fd, text.data, text.length) != (ssize_t)text.length) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		log_error(
			"no memory for the configuration: %s", strerror(errno));
	buffer_fini(&text);
	return fd;
}

static bool
is_for(const struct child *child, const struct config *config,
	const struct heritage_socket *socket)
{
	enum role role =
		config->listeners[socket->listener].role == LISTENER_API
			? ROLE_API
			: ROLE_GATEWAY;

	if (socket->slot != HERITAGE_ANY_SLOT)
		return socket->slot == child->slot;
	return child->row->role == role;
}

static bool
tell(const struct reload *reload, const struct child *child, int text)
{
	struct line_word word = { .kind = LINE_CONFIG };

	if (!line_say(child->line, &word, text))
		return false;
	for (size_t i = 0; i < reload->listening->count; i++) {
		const struct heritage_socket *socket =
			&reload->listening->sockets[i];

		word = (struct line_word){ LINE_LISTEN, socket->listener };
		if (socket->is_given)
			word.number |= LINE_IS_GIVEN;
		if (is_for(child, reload->config, socket) &&
			!line_say(child->line, &word, socket->fd))
			return false;
	}
	word = (struct line_word){ LINE_APPLY, *reload->generation };
	return line_say(child->line, &word, -1);
}

/* One that does not listen to us would go on by old rules. */
static void
tell_all(const struct reload *reload, int text)
{
	for (unsigned i = 0; i < reload->count; i++) {
		struct child *child = &reload->children[i];

		if (child->pid == 0 || tell(reload, child, text))
			continue;
		log_error(
			"%s: does not take the new configuration", child->name);
		child_kill(child);
	}
}

static int
take_up(struct reload *reload, struct config *fresh)
{
	struct listening renewed;
	int text = make_text(fresh);

	if (text < 0)
		return -1;
	if (listeners_renew(reload->config, reload->listening, fresh,
		    reload->shape, &renewed) < 0) {
		close(text);
		return -1;
	}
	config_compare(reload->config, fresh, on_change, reload);
	listeners_drop(reload->config, reload->listening, &renewed);
	*reload->listening = renewed;
	config_swap(reload->config, fresh);
	++*reload->generation;
	tell_all(reload, text);
	close(text);
	return 0;
}

int
reload_tell(struct reload *reload)
{
	int text = make_text(reload->config);

	if (text < 0)
		return -1;
	++*reload->generation;
	tell_all(reload, text);
	close(text);
	return 0;
}

int
reload_run(struct reload *reload)
{
	struct config *fresh;
	int result;

	if (!reload->config->path) {
		log_warning("there is no configuration file to read again");
		return -1;
	}
	fresh = config_read_telling(reload->config->path, on_error, NULL);
	if (!fresh) {
		log_error("the configuration stays as it was");
		return -1;
	}
	config_compare(reload->config, fresh, on_fixed, NULL);
	config_keep_fixed(fresh, reload->config);
	result = take_up(reload, fresh);
	config_free(&fresh);
	return result;
}
