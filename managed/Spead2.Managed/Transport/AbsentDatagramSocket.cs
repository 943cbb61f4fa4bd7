// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Managed;

/// <summary>In place of the socket of a source that shares a port, but gets nothing that is not handed over to it.</summary>
/// <param name="endPoint">Where the socket is bound that gets all packets.</param>
internal sealed class AbsentDatagramSocket(IPEndPoint endPoint) : DatagramSocket
{
    public override IPEndPoint LocalEndPoint => endPoint;

    public override bool IsDrained => true;

    public override IPEndPoint? LastSender => null;

    public override bool AsksSenders { get; set; }

    public override UdpMessage this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

    public override SenderAddress SenderOf(int index) => default;

    public override Spead2Exception? Arm() => null;

    public override void Disarm()
    {
        // Nothing calls.
    }

    public override Reception Receive() => default;

    public override void Close()
    {
        // There is nothing to be closed.
    }

    public override void Dispose()
    {
        // There is no memory.
    }

    public override long CountDrops() => 0;
}
