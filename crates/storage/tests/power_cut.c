/* A disk that loses what was not brought to it: each fsync and fdatasync of a file copies the file to the
 * folder $POWER_CUT_DISK, which holds what is left after a power cut. Preloaded by the test power_cut. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(int fd) {
    const char *disk = getenv("POWER_CUT_DISK");
    char link[64], path[PATH_MAX], kept[PATH_MAX], temporary[PATH_MAX];
    struct stat info;
    if (!disk || fstat(fd, &info) || !S_ISREG(info.st_mode)) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (!name) return;
    snprintf(kept, sizeof kept, "%s%s", disk, name);
    snprintf(temporary, sizeof temporary, "%s%s.%d", disk, name, (int)getpid());
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static char block[1 << 16];
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0)
        if (write(to, block, got) != got) abort();
    close(from);
    close(to);
    if (rename(temporary, kept)) abort();
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    keep(fd);
    return real(fd);
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    keep(fd);
    return real(fd);
}

/* A file that is removed is gone after a power cut, too: SQLite brings the folder to the disk then. */
int unlink(const char *path) {
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    const char *disk = getenv("POWER_CUT_DISK"), *name = strrchr(path, '/');
    char kept[PATH_MAX];
    if (disk && name) {
        snprintf(kept, sizeof kept, "%s%s", disk, name);
        real(kept);
    }
    return real(path);
}
