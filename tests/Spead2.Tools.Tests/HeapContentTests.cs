// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Tools.Tests;

/// <summary>The known content of heaps.</summary>
[TestFixture]
public sealed class HeapContentTests
{
    [Test]
    public void Words_differ_by_the_documented_step([Values(0UL, 1UL, ulong.MaxValue)] ulong cnt)
    {
        byte[] content = Content(800, cnt);

        ulong[] words = [.. content.Chunk(8).Select(word => BinaryPrimitives.ReadUInt64LittleEndian(word))];
        Assert.That(
            words.Skip(1).Zip(words, (later, earlier) => later - earlier), Is.All.EqualTo(0x9e3779b97f4a7c15));
    }

    [Test]
    public void Short_content_is_the_start_of_long_content()
    {
        byte[] content = Content(200, cnt: 5);

        for (int length = 0; length < content.Length; length++)
        {
            Assert.That(Content(length, cnt: 5), Is.EqualTo(content[..length]));
        }
    }

    [Test]
    public void Content_is_right_until_any_one_byte_changes([Values(1, 7, 8, 64, 100, 131)] int length)
    {
        byte[] content = Content(length, cnt: 3);

        Assert.That(HeapContent.IsRight(content, cnt: 3), Is.True);
        for (int i = 0; i < length; i++)
        {
            content[i] ^= 1;
            Assert.That(HeapContent.IsRight(content, cnt: 3), Is.False, $"byte {i}");
            content[i] ^= 1;
        }
    }

    [Test]
    public void Content_of_another_heap_is_wrong() =>
        Assert.That(HeapContent.IsRight(Content(100, cnt: 3), cnt: 4), Is.False);

    private static byte[] Content(int length, ulong cnt)
    {
        byte[] content = new byte[length];
        HeapContent.Fill(content, cnt);
        return content;
    }
}
