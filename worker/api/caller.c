#include "worker/api/caller.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/config.h"

bool
caller_is_on_host(
	struct caller *caller, const struct listener *listener, int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (strncmp(listener->address, "unix:", 5) != 0 ||
		getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	if (peer.uid != 0 && peer.uid != geteuid())
		return false;
	*caller = (struct caller){ .may_all = true, .is_on_host = true };
	return true;
}
