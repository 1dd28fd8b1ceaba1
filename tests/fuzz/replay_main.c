/*
 * Runs a fuzzer's entry point over files instead of invented input: each
 * argument is a file, or a directory of files. With it the corpus is replayed
 * by any compiler, without libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat about;
	size_t got;

	if (!file || fstat(fileno(file), &about) < 0) {
		perror(path);
		goto fail;
	}
	data = malloc((size_t)about.st_size + 1);
	if (!data) {
		perror(path);
		goto fail;
	}
	got = fread(data, 1, (size_t)about.st_size, file);
	if (ferror(file)) {
		perror(path);
		goto fail;
	}
	LLVMFuzzerTestOneInput(data, got);
	free(data);
	fclose(file);
	return 1;

fail:
	free(data);
	if (file)
		fclose(file);
	return -1;
}

/* Hidden files are none of the corpus. */
static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
replay_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);
	int replayed = 0;

	if (count < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (replayed >= 0)
			replayed = replay_file(file) < 0 ? -1 : replayed + 1;
		free(entries[i]);
	}
	free(entries);
	return replayed;
}

int
main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		struct stat about;
		int count;

		if (stat(argv[i], &about) < 0) {
			perror(argv[i]);
			return 1;
		}
		count = S_ISDIR(about.st_mode) ? replay_directory(argv[i])
					       : replay_file(argv[i]);
		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1;
}
