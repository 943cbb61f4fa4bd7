// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>Opens the sockets of UDP writers.</summary>
internal sealed class UdpWriter
{
    /// <summary>What a datagram carries over IPv4: 65,535 bytes less the headers of IP and UDP.</summary>
    public const int LargestPacket = UdpWriterOptions.LargestPacket;

    /// <summary>Buffer that is asked for if nobody says otherwise.</summary>
    private const long DefaultBufferSize = 512 << 10;

    // The kernel doubles the number, so that larger ones would overflow.
    private const long LargestBuffer = int.MaxValue / 2;

    // The code point is in the upper six bits of its byte.
    private const int DscpShift = 2;

    private readonly SendCore _stream;
    private readonly UdpWriterOptions _options;
    private readonly UdpWriterNames _names;
    private readonly IPEndPoint[] _destinations;
    private readonly AddressFamily _family;

    private UdpWriter(SendCore stream, UdpWriterOptions options, UdpWriterNames names)
    {
        _stream = stream;
        _options = options;
        _names = names;
        _destinations = new IPEndPoint[options.Destinations.Count];
        AddressFamily? family = null;
        for (int i = 0; i < _destinations.Length; i++)
        {
            UdpDestination destination = options.Destinations[i];
            IPAddress address = LookUp(names.Destinations, destination.Host, family);
            family = address.AddressFamily;
            _destinations[i] = new(address, destination.Port);
        }

        _family = family!.Value;
    }

    private bool IsV6 => _family == AddressFamily.InterNetworkV6;

    private SocketOptionLevel Level => IsV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;

    /// <summary>Adds a writer to a stream, by valid options; gives its first substream.</summary>
    /// <exception cref="InvalidOperationException">A heap was sent, or the stream was stopped.</exception>
    /// <exception cref="Spead2Exception">For example a host name is unknown.</exception>
    public static int Add(SendCore stream, UdpWriterOptions options, UdpWriterNames names)
    {
        UdpWriter writer = new(stream, options, names);
        writer.CheckGroups();
        return stream.Add(writer.Open());
    }

    private PacketWriter Open()
    {
        Socket socket = _options.Socket.ToSocket() is { } existing ? SocketDuplicate.Of(existing) : New();
        try
        {
            return OperatingSystem.IsLinux() && _stream.Loop is EpollLoop loop
                ? new LinuxDatagramSender(loop, socket, _destinations, _options.Segmentation, _stream.Log)
                : new PortableDatagramSender(_stream, socket, _destinations);
        }
        catch (OutOfMemoryException)
        {
            socket.Dispose();
            throw StatusException.NoMemory("a UDP writer");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Socket New()
    {
        Socket socket;
        try
        {
            socket = new(_family, SocketType.Dgram, ProtocolType.Udp);
        }
        catch (SocketException exception)
        {
            throw Failed("open", exception);
        }

        try
        {
            Prepare(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Prepare(Socket socket)
    {
        if (_options.GivenBindHost is { } host)
        {
            IPAddress source = LookUp(_names.BindHost, host, _family);
            Do("bind", () => socket.Bind(new IPEndPoint(source, 0)));
        }

        if (_options.TimeToLive != 0)
        {
            Do("set ttl of", () => socket.SetSocketOption(
                Level, SocketOptionName.MulticastTimeToLive, _options.TimeToLive));
        }

        if (!_options.MulticastLoopback)
        {
            Do("set the multicast loop of", () => socket.SetSocketOption(
                Level, SocketOptionName.MulticastLoopback, 0));
        }

        SetInterface(socket);
        SetDscp(socket);
        SetBuffer(socket);
    }

    private void SetInterface(Socket socket)
    {
        IPAddress? address = _options.GivenInterfaceAddress is { } given
            ? LookUp(_names.InterfaceAddress, given, AddressFamily.InterNetwork)
            : null;
        if (_options.InterfaceIndex == 0 && address is null)
        {
            return;
        }

        // For IPv4 an address 0.x.x.x is an index.
        int value = IsV6 ? _options.InterfaceIndex
            : address is null ? IPAddress.HostToNetworkOrder(_options.InterfaceIndex)
            : BitConverter.ToInt32(address.GetAddressBytes());
        Do("set the multicast interface of", () => socket.SetSocketOption(
            Level, SocketOptionName.MulticastInterface, value));
    }

    private void SetDscp(Socket socket)
    {
        if (_options.Dscp == 0)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            throw new Spead2Exception(
                $"{_names.Prefix}{_names.Dscp} is {_options.Dscp}, but Windows sets code points by policies only; leave it " +
                "at 0",
                Spead2Status.NotSupported);
        }

        int value = _options.Dscp << DscpShift;
        Do("set dscp of", () =>
        {
            if (IsV6)
            {
                socket.SetRawSocketOption(Libc.IPPROTO_IPV6, Libc.IPV6_TCLASS, BitConverter.GetBytes(value));
            }
            else
            {
                socket.SetSocketOption(Level, SocketOptionName.TypeOfService, value);
            }
        });
    }

    private void SetBuffer(Socket socket)
    {
        long size = _options.BufferSize ?? DefaultBufferSize;
        if (size == 0)
        {
            return;
        }

        try
        {
            socket.SendBufferSize = (int)Math.Min(size, LargestBuffer);
        }
        catch (SocketException exception)
        {
            _stream.Log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (size, exception.Message),
                static x => string.Create(
                    CultureInfo.InvariantCulture, $"cannot set a send buffer of {x.size} bytes: {x.Message}"));
        }
    }

    private static void Do(string what, Action action)
    {
        try
        {
            action();
        }
        catch (SocketException exception)
        {
            throw Failed(what, exception);
        }
    }

    private static Spead2Exception Failed(string what, SocketException exception) => StatusException.Os(
        $"cannot {what} a UDP socket that sends: {exception.Message}", exception.NativeErrorCode);

    private void CheckGroups()
    {
        if (_options.GroupOption is { } option)
        {
            for (int i = 0; i < _destinations.Length; i++)
            {
                if (!UdpTarget.IsMulticast(_destinations[i].Address))
                {
                    throw StatusException.Argument(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{_names.Prefix}{_names.OfGroups(option)} is set, but {_names.Prefix}{_names.Destinations}[{i}] " +
                        $"\"{_options.Destinations[i].Host}\" is no multicast group, which is what it is for"));
                }
            }
        }

        if (_options.GivenInterfaceAddress is not null && IsV6)
        {
            throw StatusException.Argument(
                $"{_names.Prefix}{_names.InterfaceAddress} is \"{_options.InterfaceAddress}\", but it goes with IPv4 " +
                $"groups; use {_names.InterfaceIndex}");
        }
    }

    /// <summary>The first address of a family (null: of either) that a name resolves to.</summary>
    private IPAddress LookUp(string option, string host, AddressFamily? family)
    {
        try
        {
            IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? parsed) ? [parsed] : Dns.GetHostAddresses(host);
            return addresses.FirstOrDefault(address => family is null || address.AddressFamily == family)
                ?? throw Unresolved("there is no address of the family that is needed");
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw Unresolved(exception.Message);
        }

        Spead2Exception Unresolved(string why) =>
            StatusException.Address($"cannot resolve {_names.Prefix}{option} \"{host}\": {why}");
    }
}
