// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Spead2.Tools.Network;

/// <summary>
/// Where packets are sent to, in the field's notation: <c>7148</c>, <c>:7148</c>, <c>HOST:7148</c>,
/// <c>239.2.1.150+15:7148</c> (sixteen addresses), <c>[ff12::5%eth1]:7148</c>, <c>SENDER@GROUP:7148</c>.
/// </summary>
internal sealed partial class Endpoint
{
    /// <summary>What the notation is, for help texts.</summary>
    public const string Notation = "[SENDER@][HOST[+N][%INTERFACE]:]PORT";

    /// <summary>Most addresses of a range: each has a socket, and a process has 1,024 descriptors by default.</summary>
    public const int MaxAddresses = 1000;

    private const int LargestPort = 65535;

    private Endpoint(string text)
    {
        Text = text;
    }

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>Host name or address; the first address of a range. Null: every IPv4 address of this host.</summary>
    public string? Host { get; private init; }

    /// <summary><see cref="Host"/>, if it is an address.</summary>
    public IPAddress? Address { get; private init; }

    /// <summary>How many consecutive addresses it is; 1 where it is no range.</summary>
    public int Count { get; private init; } = 1;

    /// <summary>Name or index of the interface that is part of the address; null if there is none.</summary>
    public string? Interface { get; private init; }

    /// <summary>Those whose packets are wanted; none: everybody's.</summary>
    public IReadOnlyList<string> Senders { get; private init; } = [];

    /// <summary>Port; 0 lets the system choose.</summary>
    public int Port { get; private init; }

    /// <summary>Whether the address is known to be a multicast group.</summary>
    public bool IsGroup => Address is not null && IsMulticast(Address);

    /// <summary>All addresses; none where the host is a name or left out.</summary>
    public IEnumerable<IPAddress> Addresses =>
        Address is null ? [] : Enumerable.Range(0, Count).Select(i => Add(Address, i));

    /// <summary>Without the port, as in <c>10.0.0.1@239.2.1.150+15%eth1</c>.</summary>
    public string Place
    {
        get
        {
            string senders = Senders.Count == 0 ? "" : $"{string.Join(',', Senders)}@";
            string range = Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"+{Count - 1}");
            return $"{senders}{Host ?? "0.0.0.0"}{range}{(Interface is null ? "" : $"%{Interface}")}";
        }
    }

    /// <summary>Reads an endpoint.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="option">The option that it was written for.</param>
    /// <param name="form">What the message says that it should have been; null: <see cref="Notation"/>.</param>
    /// <exception cref="UserErrorException">It is none; the message says what is wrong.</exception>
    public static Endpoint Parse(string text, string option, string? form = null)
    {
        int at = text.LastIndexOf('@');
        string place = text[(at + 1)..];
        Match match = OnlyPort().Match(place) is { Success: true } port ? port
            : Bracketed().Match(place) is { Success: true } bracketed ? bracketed
            : Plain().Match(place);
        if (!match.Success)
        {
            throw Refuse(
                option,
                text,
                place.Count(c => c == ':') > 1 && !place.StartsWith('[')
                    ? "an IPv6 address goes in brackets, as in [::1]:7148"
                    : $"it is {form ?? $"{Notation} with a port of 0 to {LargestPort}"}");
        }

        string host = match.Groups["host"].Value;
        string scope = match.Groups["interface"].Value;
        IPAddress? address = ReadAddress(host, match.Groups["bracket"].Success, option, text);
        var endpoint = new Endpoint(text)
        {
            Host = host.Length == 0 ? null : host,
            Address = address,
            Count = ReadCount(match.Groups["more"].Value, option, text),
            Interface = scope.Length == 0 ? null : scope,
            Senders = at < 0 ? [] : [.. text[..at].Split(',').Select(sender => sender.Trim('[', ']'))],
            Port = ReadPort(match.Groups["port"].Value, option, text),
        };
        endpoint.ThrowIfContradictory(option);
        return endpoint;
    }

    /// <summary>Whether an address is a multicast group.</summary>
    public static bool IsMulticast(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.IsIPv6Multicast
            : (address.GetAddressBytes()[0] & 0xf0) == 0xe0;

    private static IPAddress? ReadAddress(string host, bool isBracketed, string option, string text)
    {
        // Numbers with dots that are no address would otherwise be looked up as a name.
        bool isMeantAsAddress = isBracketed || host.All(c => char.IsAsciiDigit(c) || c == '.');
        if (host.Length == 0 || !IPAddress.TryParse(host, out IPAddress? address))
        {
            return isMeantAsAddress && host.Length > 0
                ? throw Refuse(option, text, $"'{host}' is no address")
                : null;
        }

        return isBracketed == (address.AddressFamily == AddressFamily.InterNetworkV6)
            ? address
            : throw Refuse(option, text, "brackets are for IPv6 addresses");
    }

    private static int ReadCount(string more, string option, string text)
    {
        if (more.Length == 0)
        {
            return 1;
        }

        return int.TryParse(more, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count < MaxAddresses
            ? count + 1
            : throw Refuse(option, text, $"a range has at most {MaxAddresses} addresses (+{MaxAddresses - 1})");
    }

    private static int ReadPort(string digits, string option, string text) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= LargestPort
            ? port
            : throw Refuse(option, text, $"a port is a number from 0 to {LargestPort}");

    private static IPAddress Add(IPAddress address, int number)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = bytes.Length - 1; i >= 0 && number > 0; i--)
        {
            number += bytes[i];
            bytes[i] = (byte)number;
            number >>= 8;
        }

        return new IPAddress(bytes);
    }

    private static UserErrorException Refuse(string option, string text, string reason) =>
        new($"{option} '{text}' is no endpoint: {reason}.");

    private void ThrowIfContradictory(string option)
    {
        bool isName = Host is not null && Address is null;
        string? reason =
            Count > 1 && Address is null ? "a range begins with an address"
            : Count > 1 && Port == 0 ? "a range needs a port"
            : Count > 1 && (IsMulticast(Add(Address!, Count - 1)) != IsGroup || IsBefore(Add(Address!, Count - 1)))
                ? "the range ends beyond the last address of its kind"
            : Senders.Any(string.IsNullOrWhiteSpace) ? "there is no sender before the @"
            : Senders.Count > 0 && !IsGroup && !isName ? "only a multicast group has senders"
            : Interface is not null && !IsGroup && !isName && Address?.IsIPv6LinkLocal != true
                ? "only a multicast group, or an IPv6 address of one link, has an interface"
            : null;
        if (reason is not null)
        {
            throw Refuse(option, Text, reason);
        }
    }

    // An address that was counted beyond the last one.
    private bool IsBefore(IPAddress last) =>
        last.GetAddressBytes().AsSpan().SequenceCompareTo(Address!.GetAddressBytes()) < 0;

    [GeneratedRegex(@"^:?(?<port>\d+)$")]
    private static partial Regex OnlyPort();

    [GeneratedRegex(@"^(?<bracket>\[)(?<host>[^\]%\[]+)(%(?<interface>[^\]]+))?\](\+(?<more>\d+))?:(?<port>\d+)$")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"^(?<host>[^\[\]:+%]+)(\+(?<more>\d+))?(%(?<interface>[^:+]+))?:(?<port>\d+)$")]
    private static partial Regex Plain();
}
