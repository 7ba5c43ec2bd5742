/* agent/notify.c - see notify.h. */
#include "agent/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void tb_notify(const char *socket_path, const char *text)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = socket_path != NULL ? strlen(socket_path) : 0;
    int fd;

    if (len < 2 || len >= sizeof to.sun_path || (socket_path[0] != '/' && socket_path[0] != '@'))
        return;
    memcpy(to.sun_path, socket_path, len);
    if (to.sun_path[0] == '@') /* abstract, unix(7) */
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* The manager is told, not asked: a message that is lost costs a line in its status. */
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}
