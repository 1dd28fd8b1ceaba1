#include "worker/historian/archive.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/config.h"
#include "worker/historian/indexer.h"
#include "worker/historian/intake.h"
#include "worker/historian/retention.h"
#include "worker/historian/store.h"
#include "worker/historian/store_checkpoint.h"
#include "worker/historian/store_index.h"

/* Pages of the write-ahead log that start a checkpoint: 16 MiB. */
#define PASS_PAGES 4096

/* Asked by the store and by the thread of the indexer, by the same rules. */
static bool
can_be_searched(void *rules, unsigned kind, struct text name)
{
	return config_stream_class(rules, kind, name)->search;
}

static void
rule_of(void *self, unsigned kind, struct text name, struct store_rule *rule)
{
	const struct config *config = self;
	const struct room_class *class =
		config_stream_class(config, kind, name);

	*rule = (struct store_rule){
		.keep_messages = (uint64_t) class->keep_messages,
		.keep_ms = (uint64_t) class->keep_seconds,
	};
}

static void
make_retention(struct archive *archive)
{
	const struct config *config = archive->config;
	struct retention_options options = {
		.store = archive->store,
		.indexer = archive->indexer,
		.rule_of = rule_of,
		.self = (void *)archive->config,
		.has_ages = config->inbox.keep_seconds > 0,
	};

	for (size_t i = 0; i < config->room_class_count; i++)
		options.has_ages |= config->room_classes[i].keep_seconds > 0;
	archive->retention = retention_new(&options);
}

static bool
can_any_be_searched(const struct config *config)
{
	bool has_any = config->inbox.search;

	for (size_t i = 0; i < config->room_class_count; i++)
		has_any |= config->room_classes[i].search;
	return has_any;
}

/* The index is made when there are streams for it. One that is left from when
 * there were would not learn what changes meanwhile. */
static int
open_search(struct archive *archive)
{
	const struct config *config = archive->config;
	struct store_index_options options = {
		.archive = archive->path,
		.wants = can_be_searched,
		.self = archive->rules,
	};
	char *path;

	must(asprintf(&path, "%s/search.db", config->data_dir) >= 0);
	if (!can_any_be_searched(config)) {
		store_index_remove(path);
		free(path);
		return 0;
	}
	archive->search_path = path;
	must(asprintf(&archive->search_sql_dir, "%s/search", config->sql_dir) >=
		0);
	store_set_indexed(archive->store, can_be_searched, archive->rules);
	options.path = archive->search_path;
	options.sql_dir = archive->search_sql_dir;
	archive->indexer = indexer_new(&options);
	return archive->indexer ? 0 : -1;
}

int
archive_open(
	struct archive *archive, const struct config *config, unsigned ledgers)
{
	*archive = (struct archive){
		.config = config,
		.rules = config_copy(config),
	};
	must(asprintf(&archive->path, "%s/archive.db", config->data_dir) >= 0);
	archive->store = store_open(archive->path, config->sql_dir);
	if (archive->store == NULL)
		return -1;
	archive->intake = intake_new(archive->store, config->data_dir, ledgers);
	archive->checkpointer = checkpointer_new(archive->path, PASS_PAGES);
	if (archive->checkpointer == NULL)
		return -1;
	if (open_search(archive) < 0)
		return -1;
	make_retention(archive);
	return 0;
}

void
archive_close(struct archive *archive)
{
	retention_free(&archive->retention);
	indexer_free(&archive->indexer);
	checkpointer_free(&archive->checkpointer);
	intake_free(&archive->intake);
	store_close(&archive->store);
	config_free(&archive->rules);
	free(archive->path);
	free(archive->search_path);
	free(archive->search_sql_dir);
}
