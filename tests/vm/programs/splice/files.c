/* Between pipes and files; what is refused. */
#include "tests/vm/programs/splice/splice.h"

void test_files(void) {
    section = "files";
    int p[2], file = make("in", 200000), out = make("out", 0);
    OK(pipe(p));
    IS(splice(file, NULL, p[1], NULL, 1000, 0), 1000);
    IS(lseek(file, 0, SEEK_CUR), 1000);
    loff_t at = 5000;
    IS(splice(file, &at, p[1], NULL, 10000, SPLICE_F_MOVE | SPLICE_F_MORE), 10000);
    TRUE(at == 15000 && lseek(file, 0, SEEK_CUR) == 1000);
    IS(held(p[0]), 11000);
    IS(splice(p[0], NULL, out, NULL, 500, 0), 500);
    IS(splice(p[0], NULL, out, NULL, 100000, 0), 10500);
    IS(lseek(out, 0, SEEK_CUR), 11000);
    IS(pread(out, got, 20000, 0), 11000);
    TRUE(memcmp(got, block, 1000) == 0 && memcmp(got + 1000, block + 5000, 10000) == 0);
    at = 199990;
    IS(splice(file, &at, p[1], NULL, 100, 0), 10);
    IS(splice(file, &at, p[1], NULL, 100, 0), 0);
    at = 3;
    IS(splice(p[0], NULL, out, &at, 100, 0), 10);
    TRUE(at == 13 && lseek(out, 0, SEEK_CUR) == 11000);
    IS(pread(out, got, 10, 3), 10);
    TRUE(memcmp(got, block + 199990, 10) == 0);
    /* as many pages as the pipe takes */
    at = 0;
    IS(splice(file, &at, p[1], NULL, 200000, SPLICE_F_NONBLOCK), 65536);
    FAILS(splice(file, &at, p[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    drain(p[0]);
    at = 4000;
    IS(splice(file, &at, p[1], NULL, 200000, 0), 15 * 4096 + 96);
    /* pages are shared with the file: a later write shows, a truncation does not take them away */
    drain(p[0]);
    at = 0;
    IS(splice(file, &at, p[1], NULL, 8192, 0), 8192);
    IS(pwrite(file, "changed", 7, 0), 7);
    OK(ftruncate(file, 0));
    IS(read(p[0], got, 8192), 8192);
    TRUE(memcmp(got, "changed", 7) == 0 && memcmp(got + 4096, block + 4096, 4096) == 0);
    /* a hole */
    OK(ftruncate(file, 10000));
    at = 0;
    IS(splice(file, &at, p[1], NULL, 10000, 0), 10000);
    IS(read(p[0], got, 10000), 10000);
    TRUE(got[0] == 0 && got[9999] == 0);
    close(file), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

void test_errors(void) {
    section = "errors";
    int p[2], q[2], file = make("in", 100), append = open("in", O_WRONLY | O_APPEND), dir = open(".", O_RDONLY);
    int only_write = open("in", O_WRONLY), only_read = open("in", O_RDONLY), event = eventfd(1, 0);
    loff_t at = 0, negative = -1;
    OK(pipe(p));
    OK(pipe(q));
    IS(splice(-1, NULL, -1, NULL, 0, 99), 0);
    FAILS(splice(file, NULL, p[1], NULL, 1, 16), EINVAL);
    FAILS(splice(-1, NULL, p[1], NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, -1, NULL, 1, 0), EBADF);
    FAILS(splice(p[0], &at, file, NULL, 1, 0), ESPIPE);
    FAILS(splice(file, NULL, p[1], &at, 1, 0), ESPIPE);
    FAILS(splice(p[1], &at, file, NULL, 1, 0), ESPIPE);
    FAILS(splice(p[1], NULL, file, NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, p[0], NULL, 1, 0), EBADF);
    FAILS(splice(only_write, NULL, p[1], NULL, 1, 0), EBADF);
    FAILS(splice(p[0], NULL, only_read, NULL, 1, 0), EBADF);
    FAILS(splice(file, NULL, only_write, NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, append, NULL, 1, 0), EINVAL);
    FAILS(splice(file, (loff_t *)8, p[1], NULL, 1, 0), EFAULT);
    FAILS(splice(file, &negative, p[1], NULL, 1, 0), EINVAL);
    IS(write(p[1], "x", 1), 1);
    FAILS(splice(p[0], NULL, file, &negative, 1, 0), EINVAL);
    FAILS(splice(dir, NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, event, NULL, 8, 0), EINVAL);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]), close(file), close(append), close(dir), close(only_read);
    close(only_write), close(event);
    unlink("in");
}

void test_buffer_errors(void) {
    section = "buffer errors";
    int p[2], q[2], file = make("in", 100), path = open("in", O_PATH);
    OK(pipe(p));
    OK(pipe(q));
    IS(write(p[1], "x", 1), 1);
    FAILS(splice(path, NULL, p[1], NULL, 1, 0), EBADF);
    IS(tee(-1, -1, 0, 0), 0);
    FAILS(tee(p[0], q[1], 0, 16), EINVAL);
    FAILS(tee(-1, q[1], 1, 0), EBADF);
    FAILS(tee(p[1], q[1], 1, 0), EBADF);
    FAILS(tee(p[0], q[0], 1, 0), EBADF);
    FAILS(tee(file, q[1], 1, 0), EINVAL);
    FAILS(tee(p[0], p[1], 1, 0), EINVAL);
    struct iovec piece = {block, 10}, bad = {(void *)8, 10};
    FAILS(vmsplice(-1, &piece, 1, 0), EBADF);
    FAILS(vmsplice(file, &piece, 1, 0), EBADF);
    FAILS(vmsplice(p[1], &piece, 1, 16), EINVAL);
    FAILS(vmsplice(p[1], &piece, 1025, 0), EINVAL);
    FAILS(vmsplice(p[1], &bad, 1, 0), EFAULT);
    FAILS(vmsplice(p[1], (void *)8, 1, 0), EFAULT);
    IS(vmsplice(p[1], NULL, 0, 0), 0);
    FAILS(vmsplice(p[0], &bad, 1, 0), EFAULT);
    IS(held(p[0]), 1);
    drain(p[0]);
    FAILS(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(splice(p[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(vmsplice(p[0], &piece, 1, SPLICE_F_NONBLOCK), EAGAIN);
    signal(SIGPIPE, SIG_IGN);
    close(q[0]);
    FAILS(splice(file, NULL, q[1], NULL, 1, 0), EPIPE);
    FAILS(vmsplice(q[1], &piece, 1, 0), EPIPE);
    IS(write(p[1], "x", 1), 1);
    FAILS(splice(p[0], NULL, q[1], NULL, 1, 0), EPIPE);
    FAILS(tee(p[0], q[1], 1, 0), EPIPE);
    IS(held(p[0]), 1);
    drain(p[0]);
    close(p[1]);
    IS(splice(p[0], NULL, file, NULL, 1, 0), 0);
    IS(splice(p[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), 0);
    IS(vmsplice(p[0], &piece, 1, 0), 0);
    close(p[0]), close(q[1]), close(file), close(path);
    unlink("in");
}

void test_sendfile(void) {
    section = "sendfile";
    int p[2], s[2], file = make("in", 100000), out = make("out", 0);
    off_t at = 10, negative = -1;
    OK(pipe(p));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    int append = open("out", O_WRONLY | O_APPEND), only_write = open("in", O_WRONLY), event = eventfd(0, 0);
    FAILS(sendfile(out, -1, NULL, 1), EBADF);
    FAILS(sendfile(-1, file, NULL, 1), EBADF);
    FAILS(sendfile(out, only_write, NULL, 1), EBADF);
    FAILS(sendfile(p[0], file, NULL, 1), EBADF);
    FAILS(sendfile(out, file, &negative, 1), EINVAL);
    FAILS(sendfile(out, file, (off_t *)8, 1), EFAULT);
    FAILS(sendfile(-1, p[0], &at, 1), ESPIPE);
    FAILS(sendfile(-1, s[0], &at, 1), ESPIPE);
    FAILS(sendfile(out, p[0], NULL, 1), EINVAL);
    FAILS(sendfile(out, s[0], NULL, 1), EINVAL);
    FAILS(sendfile(append, file, NULL, 1), EINVAL);
    FAILS(sendfile(event, file, NULL, 8), EINVAL);
    IS(sendfile(out, file, &at, 0), 0);
    IS(sendfile(out, file, &at, 50000), 50000);
    TRUE(at == 50010);
    IS(sendfile(p[1], file, &at, 1000000), 49990);
    IS(held(p[0]), 49990);
    IS(sendfile(p[1], file, &at, 1000), 0);
    drain(p[0]);
    at = 0;
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    IS(sendfile(p[1], file, &at, 1000000), 65536);
    FAILS(sendfile(p[1], file, &at, 1), EAGAIN);
    loff_t from = 0, to = 10;
    IS(copy_file_range(file, &from, out, &to, 100, 0), 100);
    TRUE(from == 100 && to == 110);
    FAILS(copy_file_range(file, NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(copy_file_range(file, NULL, append, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(out, NULL, only_write, NULL, 1, 1), EINVAL);
    from = 99000, to = 99100;
    FAILS(copy_file_range(file, &from, file, &to, 1000, 0), EINVAL);
    from = 99000, to = 100000;
    IS(copy_file_range(file, &from, file, &to, 2000, 0), 1000); /* there are no more */
    from = 300000;
    IS(copy_file_range(file, &from, file, &to, 2000, 0), 0);
    int other = open("/proc/version", O_RDONLY);
    FAILS(copy_file_range(other, NULL, out, NULL, 10, 0), EXDEV);
    FAILS(copy_file_range(open("/proc", O_RDONLY), NULL, out, NULL, 10, 0), EISDIR);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]), close(file), close(out), close(append), close(only_write);
    close(event), close(other);
    unlink("in"), unlink("out");
}
