#include "worker/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/line.h"
#include "shared/log.h"

struct sockets {
	struct heritage_socket *all;
	size_t count;
};

struct reload {
	struct heritage *heritage;
	int text; /* memfd with the new configuration; -1: none */
	uint32_t number;
	struct sockets heard;
	struct sockets former; /* to be closed */
	struct line_news news; /* heard last */
};

struct reload *
reload_new(struct heritage *heritage)
{
	struct reload *reload = base_alloc_zeroed(1, sizeof(*reload));

	reload->heritage = heritage;
	reload->text = -1;
	return reload;
}

static void
close_all(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		close(sockets->all[i].fd);
	free(sockets->all);
	*sockets = (struct sockets){ 0 };
}

static void
forget(struct reload *reload)
{
	if (reload->text >= 0)
		close(reload->text);
	reload->text = -1;
	close_all(&reload->heard);
}

void
reload_free(struct reload **reload)
{
	forget(*reload);
	close_all(&(*reload)->former);
	free(*reload);
	*reload = NULL;
}

static void
add_socket(struct reload *reload, uint32_t number, int fd)
{
	struct sockets *heard = &reload->heard;

	heard->all = base_realloc(
		heard->all, (heard->count + 1) * sizeof(*heard->all));
	heard->all[heard->count++] = (struct heritage_socket){
		.fd = fd,
		.slot = reload->heritage->slot,
		.listener = number & ~LINE_IS_GIVEN,
		.is_given = number & LINE_IS_GIVEN,
	};
}

/* A word with the wrong company is dropped. */
static void
take_descriptor(struct reload *reload)
{
	const struct line_news *news = &reload->news;

	if (news->fd < 0)
		return;
	switch ((enum line_kind)news->word.kind) {
	case LINE_CONFIG:
		/* Also of one before it that was not yet complete. */
		forget(reload);
		reload->text = news->fd;
		break;
	case LINE_LISTEN:
		add_socket(reload, news->word.number, news->fd);
		break;
	case LINE_APPLY:
	case LINE_LOG_LEVEL:
	case LINE_WISH:
	case LINE_TRACED:
		close(news->fd);
	}
}

static enum reload_heard
take_word(struct reload *reload)
{
	const struct line_word *word = &reload->news.word;

	take_descriptor(reload);
	if (word->kind == LINE_WISH)
		return RELOAD_WISH;
	if (word->kind == LINE_LOG_LEVEL && word->number <= LOG_LEVEL_DEBUG)
		log_set_level((enum log_level)word->number);
	if (word->kind != LINE_APPLY)
		return RELOAD_NOTHING;
	reload->number = word->number;
	return reload->text >= 0 ? RELOAD_READY : RELOAD_NOTHING;
}

enum reload_heard
reload_hear(struct reload *reload)
{
	enum reload_heard heard;

	for (;;) {
		switch (line_hear(reload->heritage->line, &reload->news)) {
		case LINE_WORD:
			heard = take_word(reload);
			if (heard != RELOAD_NOTHING)
				return heard;
			break;
		case LINE_NOTHING:
			return RELOAD_NOTHING;
		case LINE_GONE:
			return RELOAD_GONE;
		}
	}
}

struct text
reload_wish(const struct reload *reload)
{
	return (struct text){ reload->news.text, reload->news.text_length };
}

static struct config *
read_config(int fd)
{
	struct config *config;
	struct stat what;
	void *text;

	if (fstat(fd, &what) < 0 || what.st_size <= 0)
		return NULL;
	text = mmap(NULL, (size_t)what.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return NULL;
	config = config_read_text("the configuration from the master",
		(struct text){ text, (size_t)what.st_size });
	munmap(text, (size_t)what.st_size);
	return config;
}

static bool
all_fit(const struct reload *reload, const struct config *config)
{
	for (size_t i = 0; i < reload->heard.count; i++)
		if (reload->heard.all[i].listener >= config->listener_count)
			return false;
	return true;
}

int
reload_take_up(struct reload *reload)
{
	struct heritage *heritage = reload->heritage;
	struct config *config = read_config(reload->text);

	if (!config || !all_fit(reload, config)) {
		log_error("the new configuration cannot be taken up");
		config_free(&config);
		forget(reload);
		return -1;
	}
	close(reload->text);
	reload->text = -1;
	config_swap(heritage->config, config);
	config_free(&config);
	reload->former =
		(struct sockets){ heritage->sockets, heritage->socket_count };
	heritage->sockets = reload->heard.all;
	heritage->socket_count = reload->heard.count;
	reload->heard = (struct sockets){ 0 };
	heritage->generation = reload->number;
	return 0;
}

void
reload_finish(struct reload *reload)
{
	close_all(&reload->former);
}
