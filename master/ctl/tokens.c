#include "master/ctl/tokens.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/ctl/tokens_inside.h"
#include "shared/base.h"

#define CONFIG_STANDARD "/etc/confab/confab.conf"
#define SECONDS_STANDARD 3600
#define SECONDS_MAX (100ULL * 366 * 24 * 3600)

static void
print_usage(FILE *to)
{
	fputs("usage: confabctl token mint -u USER [options]\n"
	      "       confabctl [-j] token check [options] [TOKEN]\n"
	      "check reads the token from standard input if none is given.\n"
	      "Keys:\n"
	      "  -c FILE       the configuration that has them, when none is\n"
	      "                given; otherwise " CONFIG_STANDARD "\n"
	      "  -t TENANT     whose they are there; and for whom to mint\n"
	      "  -k FILE       a secret (HS256), or PEM; to mint a private "
	      "key\n"
	      "  -s FILE       a key set, to check\n"
	      "  -a ALGORITHM  HS256, RS256, ES256 or EdDSA; otherwise what\n"
	      "                the key is for\n"
	      "For mint:\n"
	      "  -u USER       whose token it is\n"
	      "  -e TIME       good for so long: 90, 10m, 30d; otherwise 1h\n"
	      "  -p PLATFORM   for this platform alone\n"
	      "  -r ROOM       into this room, or all that begin so and '*';\n"
	      "                repeat it\n"
	      "  -q            may say nothing\n"
	      "  -i JSON       info that other members see\n"
	      "  -j ID         jti, to revoke it by; otherwise a new one\n"
	      "  -K KID        name of the key, for the header\n",
		to);
}

static bool
read_time(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = { { 0, 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
		{ 'd', 86400 } };
	char *end;

	*seconds = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *seconds > SECONDS_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (*end == units[i].unit && (!*end || !end[1])) {
			*seconds *= units[i].seconds;
			return *seconds > 0 && *seconds <= SECONDS_MAX;
		}
	return false;
}

static bool
add(const char **list, size_t *count, const char *value)
{
	if (*count == TOKENS_LIST_MAX)
		return false;
	list[(*count)++] = value;
	return true;
}

static bool
take_option(struct tokens_wishes *wishes, int letter, const char *value)
{
	const char **const texts[128] = {
		['a'] = &wishes->algorithm,
		['u'] = &wishes->user,
		['t'] = &wishes->tenant,
		['c'] = &wishes->config,
		['p'] = &wishes->platform,
		['i'] = &wishes->info,
		['j'] = &wishes->id,
		['K'] = &wishes->kid,
	};

	switch (letter) {
	case 'k':
		return add(wishes->keys, &wishes->key_count, value);
	case 's':
		return add(wishes->sets, &wishes->set_count, value);
	case 'r':
		return add(wishes->rooms, &wishes->room_count, value);
	case 'e':
		return read_time(value, &wishes->seconds);
	case 'q':
		wishes->is_silent = true;
		return true;
	}
	if (letter <= 0 || letter >= 128 || !texts[letter])
		return false;
	*texts[letter] = value;
	return true;
}

static bool
read_options(struct tokens_wishes *wishes, int argc, char **argv,
	const char *options)
{
	int letter;

	optind = 0;
	while ((letter = getopt(argc, argv, options)) != -1)
		if (!take_option(wishes, letter, optarg))
			return false;
	if (optind < argc)
		wishes->token = argv[optind++];
	return optind == argc;
}

enum exit_code
tokens_main(int argc, char **argv, bool is_json)
{
	struct tokens_wishes wishes = {
		.is_json = is_json,
		.seconds = SECONDS_STANDARD,
		.config = CONFIG_STANDARD,
	};
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "mint") == 0 &&
		read_options(&wishes, argc - 1, argv + 1,
			"+c:k:a:u:e:t:p:r:qi:j:K:") &&
		!wishes.token && wishes.key_count <= 1 && wishes.user)
		return tokens_mint(&wishes);
	if (strcmp(word, "check") == 0 &&
		read_options(&wishes, argc - 1, argv + 1, "+c:k:s:a:t:"))
		return tokens_check(&wishes);
	if (strcmp(word, "help") == 0) {
		print_usage(stdout);
		return EXIT_ANSWERED;
	}
	print_usage(stderr);
	return EXIT_USAGE;
}
