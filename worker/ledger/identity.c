#include "worker/ledger/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/hash.h"
#include "shared/log.h"

#define WORD_BYTES 64

static int
write_file(const char *path, const char *word)
{
	size_t length = strlen(word);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	int result = -1;

	if (fd < 0)
		return -1;
	if (write(fd, word, length) == (ssize_t)length && fsync(fd) == 0)
		result = 0;
	close(fd);
	return result;
}

static void
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fsync(fd) < 0)
		log_warning(
			"%s cannot be synced: %s", directory, strerror(errno));
	close(fd);
}

/* Makes the file whole at once, unless another process was quicker: it is
 * written under a name of our own and then linked to the right one. */
static int
publish(const char *directory, const char *name, const char *word)
{
	char path[PATH_MAX], own[PATH_MAX];
	int result = -1;

	must(snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX);
	must(snprintf(own, PATH_MAX, "%s/%s.%ld", directory, name,
		     (long)getpid()) < PATH_MAX);
	unlink(own);
	if (write_file(own, word) == 0 &&
		(link(own, path) == 0 || errno == EEXIST))
		result = 0;
	if (result < 0)
		log_error("cannot make %s: %s", path, strerror(errno));
	unlink(own);
	sync_directory(directory);
	return result;
}

/* 1: there is no such file. */
static int
read_word(const char *directory, const char *name, char word[WORD_BYTES])
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	must(snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 1;
	got = fd < 0 ? -1 : read(fd, word, WORD_BYTES - 1);
	if (got < 0)
		log_error("cannot read %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return -1;
	word[got] = 0;
	return 0;
}

static int
read_or_publish(const char *directory, const char *name, const char *fresh,
	char word[WORD_BYTES])
{
	int result = read_word(directory, name, word);

	if (result != 1)
		return result;
	if (publish(directory, name, fresh) < 0)
		return -1;
	return read_word(directory, name, word) == 0 ? 0 : -1;
}

int
identity_store_id(const char *data_dir, bool may_make, uint64_t *id)
{
	char fresh[WORD_BYTES], word[WORD_BYTES];
	int used = 0;

	if (!may_make && read_word(data_dir, "store-id", word) == 1) {
		log_error("%s/store-id is missing, but there are messages: "
			  "restore it from a copy",
			data_dir);
		return -1;
	}
	hash_random(id, sizeof(*id));
	snprintf(fresh, sizeof(fresh), "%016" PRIx64 "\n", *id);
	if (read_or_publish(data_dir, "store-id", fresh, word) < 0)
		return -1;
	if (sscanf(word, "%16" SCNx64 "%n", id, &used) == 1 && used == 16 &&
		strcmp(word + used, "\n") == 0)
		return 0;
	log_error("%s/store-id is damaged: it should hold 16 hexadecimal "
		  "digits; restore it from a copy",
		data_dir);
	return -1;
}

int
identity_check_ledgers(const char *data_dir, unsigned ledgers)
{
	char fresh[WORD_BYTES], word[WORD_BYTES];
	unsigned made_for;

	snprintf(fresh, sizeof(fresh), "%u\n", ledgers);
	if (read_or_publish(data_dir, "ledgers", fresh, word) < 0)
		return -1;
	if (sscanf(word, "%u", &made_for) != 1) {
		log_error("%s/ledgers is damaged: it should hold a number; "
			  "restore it from a copy",
			data_dir);
		return -1;
	}
	if (made_for == ledgers)
		return 0;
	log_error("%s was made with ledgers = %u, the configuration says %u: "
		  "put the old number back",
		data_dir, made_for, ledgers);
	return -1;
}
