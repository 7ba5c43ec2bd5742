/* init/network.c - one address for the first network interface; netdevice(7). */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init/init.h"
#include "init/settings.h"

#define SETTINGS TB_DATA "/network"

static bool up(int s, const char *name)
{
    struct ifreq r = { 0 };

    (void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (ioctl(s, SIOCGIFFLAGS, &r) != 0)
        return false;
    r.ifr_flags = (short)(r.ifr_flags | IFF_UP | IFF_RUNNING);
    return ioctl(s, SIOCSIFFLAGS, &r) == 0;
}

static bool set_address(int s, unsigned long request, const char *name, struct in_addr a)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = a };
    struct ifreq r = { 0 };

    (void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    memcpy(&r.ifr_addr, &in, sizeof in);
    return ioctl(s, request, &r) == 0;
}

static bool set_gateway(int s, struct in_addr gateway)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = gateway };
    struct sockaddr_in any = { .sin_family = AF_INET };
    struct rtentry r = { .rt_flags = RTF_UP | RTF_GATEWAY };

    memcpy(&r.rt_gateway, &in, sizeof in);
    memcpy(&r.rt_dst, &any, sizeof any);
    memcpy(&r.rt_genmask, &any, sizeof any);
    return ioctl(s, SIOCADDRT, &r) == 0;
}

static int is_interface(const struct dirent *e)
{
    return e->d_name[0] != '.' && strcmp(e->d_name, "lo") != 0;
}

static bool first_interface(char out[IFNAMSIZ])
{
    struct dirent **list = NULL;
    int n = scandir("/sys/class/net", &list, is_interface, alphasort);

    if (n > 0)
        (void)snprintf(out, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, list[0]->d_name);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    return n > 0;
}

static void write_resolver(struct in_addr nameserver)
{
    char text[64], address[INET_ADDRSTRLEN];
    int fd = open("/run/resolv.conf", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int n = snprintf(text, sizeof text, "nameserver %s\n",
                     inet_ntop(AF_INET, &nameserver, address, sizeof address));

    if (fd < 0 || write(fd, text, (size_t)n) != n)
        (void)tb_failed("writing /run/resolv.conf");
    if (fd >= 0)
        (void)close(fd);
}

static bool read_settings(struct tb_network *out)
{
    char text[1024], option[64];
    struct tb_reason why;
    size_t len;

    if (tb_option("trueboot.network", option, sizeof option)) {
        if (tb_network_of_option(option, out))
            return true;
        tb_say("trueboot.network: expected ADDRESS/BITS[,GATEWAY], found %s", option);
        return false;
    }
    if (!tb_read_small(SETTINGS, text, sizeof text, &len)) {
        tb_say("no network: " SETTINGS " is not there");
        return false;
    }
    if (tb_network_parse(tb_slice(text, len), out, &why))
        return true;
    tb_say("no network: " SETTINGS ": %s: expected %s, found %s", why.where, why.expected,
           why.observed);
    return false;
}

void tb_network_start(void)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char name[IFNAMSIZ] = "";
    struct tb_network n;

    if (s < 0 || !up(s, "lo"))
        (void)tb_failed("the network's loopback");
    if (s >= 0 && read_settings(&n)) {
        if (!first_interface(name))
            tb_say("no network interface");
        else if (!set_address(s, SIOCSIFADDR, name, n.address) ||
                 !set_address(s, SIOCSIFNETMASK, name, n.mask) || !up(s, name) ||
                 (n.gateway.s_addr != 0 && !set_gateway(s, n.gateway)))
            (void)tb_failed("network interface %s", name);
        if (n.nameserver.s_addr != 0)
            write_resolver(n.nameserver);
    }
    if (s >= 0)
        (void)close(s);
}
