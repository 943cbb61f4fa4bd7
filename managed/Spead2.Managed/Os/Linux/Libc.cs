// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>
/// What is needed of Linux' C library, under its own names. Everything is blittable. Of other systems only read, write,
/// close, dup and pipe are used.
/// </summary>
internal static unsafe partial class Libc
{
    public const int EPERM = 1;
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EXDEV = 18;
    public const int ENODEV = 19;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENONET = 64;
    public const int EPROTO = 71;
    public const int EADDRINUSE = 98;
    public const int EMSGSIZE = 90;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNABORTED = 103;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int EHOSTDOWN = 112;
    public const int EHOSTUNREACH = 113;
    public const int EINPROGRESS = 115;

    public const int PROT_NONE = 0;
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int MAP_SHARED = 1;
    public const int MAP_PRIVATE = 2;
    public const int MAP_FIXED = 0x10;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_NORESERVE = 0x4000;
    public const int MAP_POPULATE = 0x8000;
    public const int MAP_HUGETLB = 0x40000;
    public const int MAP_FIXED_NOREPLACE = 0x100000;
    public const int MADV_HUGEPAGE = 14;
    public const int MADV_NOHUGEPAGE = 15;
    public const int MADV_POPULATE_WRITE = 23;

    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const uint EPOLLIN = 1;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLET = 1u << 31;

    public const short POLLIN = 1;
    public const short POLLERR = 8;
    public const short POLLRDHUP = 0x2000;

    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    public const int AF_UNSPEC = 0;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int AF_NETLINK = 16;
    public const int NETLINK_ROUTE = 0;
    public const int RTMGRP_LINK = 1;
    public const int RTM_DELLINK = 17;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_RAW = 3;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1;
    public const int SO_REUSEADDR = 2;
    public const int SO_ERROR = 4;
    public const int SO_RCVBUF = 8;
    public const int SO_REUSEPORT = 15;
    public const int SO_ATTACH_FILTER = 26;
    public const int SO_ACCEPTCONN = 30;
    public const int SO_RCVBUFFORCE = 33;
    public const int SO_TIMESTAMPNS = 35;
    public const int SO_ATTACH_REUSEPORT_CBPF = 51;
    public const int SO_MEMINFO = 55;
    public const int SK_MEMINFO_RMEM_ALLOC = 0;
    public const int SK_MEMINFO_DROPS = 8;
    public const int SK_MEMINFO_VARS = 9;
    public const int SO_BINDTOIFINDEX = 62;
    public const int SO_NETNS_COOKIE = 71;
    public const int IPPROTO_IP = 0;
    public const int IP_PKTINFO = 8;
    public const int IP_MTU = 14;
    public const int IP_MULTICAST_IF = 32;
    public const int IP_MULTICAST_ALL = 49;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_UDP = 17;
    public const int UDP_SEGMENT = 103;
    public const int UDP_GRO = 104;
    public const int MSG_TRUNC = 0x20;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_ERRQUEUE = 0x2000;
    public const int MSG_NOSIGNAL = 0x4000;

    public const int SO_TYPE = 3;
    public const int IPPROTO_IPV6 = 41;
    public const int IP_ADD_MEMBERSHIP = 35;
    public const int IP_DROP_MEMBERSHIP = 36;
    public const int IPV6_MULTICAST_IF = 17;
    public const int IPV6_JOIN_GROUP = 20;
    public const int IPV6_LEAVE_GROUP = 21;
    public const int IPV6_MTU = 24;
    public const int IPV6_MULTICAST_ALL = 29;
    public const int IPV6_RECVPKTINFO = 49;
    public const int IPV6_PKTINFO = 50;
    public const int IPV6_TCLASS = 67;
    public const int MCAST_JOIN_SOURCE_GROUP = 46;
    public const int SIOCGIFNAME = 0x8910;
    public const int SIOCGIFFLAGS = 0x8913;
    public const int IFF_UP = 1;
    public const int SIOCGIFINDEX = 0x8933;

    public const int PR_SET_NAME = 15;
    public const int PR_SET_TIMERSLACK = 29;

    private const string Library = "libc";

    public static void* MAP_FAILED => (void*)-1;

    /// <summary>The flag differs between processors.</summary>
    public static int O_DIRECT => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.Arm or Architecture.Arm64 => 0x10000,
        _ => 0x4000,
    };

    [LibraryImport(Library)]
    public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport(Library)]
    public static partial int munmap(void* address, nuint length);

    [LibraryImport(Library)]
    public static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport(Library)]
    public static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int fd, byte* @event);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_wait(int epoll, byte* events, int capacity, int milliseconds);

    [LibraryImport(Library)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport(Library)]
    public static partial int ppoll(PollDescriptor* descriptors, nuint count, TimeSpec* time, void* signals);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport(Library)]
    public static partial nint read(int fd, void* buffer, nuint length);

    [LibraryImport(Library)]
    public static partial nint write(int fd, void* buffer, nuint length);

    [LibraryImport(Library)]
    public static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(int fd, int command, int argument);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int dup(int fd);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int pipe(int* ends);

    [LibraryImport(Library)]
    public static partial int gettid();

    [LibraryImport(Library)]
    public static partial int prctl(int option, byte* name);

    [LibraryImport(Library)]
    public static partial int prctl(int option, nuint value);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int getsockopt(int socket, int level, int option, void* value, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bind(int socket, byte* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int listen(int socket, int backlog);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int accept4(int socket, byte* address, uint* length, int flags);

    [LibraryImport(Library)]
    public static partial int getsockname(int socket, byte* address, uint* length);

    [LibraryImport(Library)]
    public static partial int getpeername(int socket, byte* address, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recv(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Library)]
    public static partial int getifaddrs(InterfaceAddress** all);

    [LibraryImport(Library)]
    public static partial void freeifaddrs(InterfaceAddress* all);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setsockopt(int socket, int level, int option, void* value, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int connect(int socket, byte* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int sendmmsg(int fd, MessageBatch.Message* messages, uint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int recvmmsg(int fd, MessageBatch.Message* messages, uint count, int flags, void* timeout);

    /// <summary>The start of <c>struct ifaddrs</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct InterfaceAddress
    {
        public InterfaceAddress* Next;
        public byte* Name;
        public uint Flags;

        /// <summary>A <c>struct sockaddr</c>, or null.</summary>
        public byte* Address;
    }

    /// <summary>Linux' <c>struct timespec</c> on 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary>Linux' <c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        public int Descriptor;

        /// <summary>What is asked for.</summary>
        public short Events;

        /// <summary>What there is, and errors in any case.</summary>
        public short Returned;
    }
}
