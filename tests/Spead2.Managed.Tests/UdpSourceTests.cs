// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;

namespace Spead2.Managed.Tests;

/// <summary>Messages as no kernel of today delivers them.</summary>
public sealed unsafe class UdpSourceTests
{
    private const int MaxSize = 9200;

    [Test]
    public void Cut_off_message_spoils_its_last_segment_only()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> datagrams = Packets.OfHeaps(4);
        StreamCore core = new(new(), ManagedIoThreads.NewThreads(), EngineLog.For(NullLogger.Instance));
        try
        {
            core.Add(new UdpSource(core, core.Threads.Assign(), new OneMessage(datagrams), MaxSize));
            Poll.Until(() => core.Statistics.Truncated == 1, "the last segment is counted");

            Assert.That(core.Statistics.Heaps, Is.EqualTo(datagrams.Count - 1));
        }
        finally
        {
            core.Release(wait: true);
        }
    }

    /// <summary>A socket that receives one message, whose end is missing.</summary>
    private sealed class OneMessage : DatagramSocket
    {
        private readonly byte* _bytes;
        private readonly int _length;
        private readonly int _segment;
        private bool _isTaken;

        /// <param name="datagrams">What was coalesced into the message: all of one length.</param>
        public OneMessage(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
        {
            byte[] all = Packets.Concatenate(datagrams);
            _segment = datagrams[0].Length;
            _length = all.Length;
            _bytes = (byte*)NativeMemory.Alloc((nuint)all.Length);
            all.CopyTo(new Span<byte>(_bytes, all.Length));
        }

        public override IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 1);

        public override bool IsDrained => true;

        public override IPEndPoint? LastSender => null;

        public override UdpMessage this[int index] => new(_bytes, _length, _segment, isTruncated: true);

        public override Spead2Exception? Arm() => null;

        public override void Disarm()
        {
            // It never calls.
        }

        public override Reception Receive()
        {
            int count = _isTaken ? 0 : 1;
            _isTaken = true;
            return new(count);
        }

        public override void Close()
        {
            // There is nothing to close.
        }

        public override void Dispose() => NativeMemory.Free(_bytes);

        public override long CountDrops() => 0;
    }
}
