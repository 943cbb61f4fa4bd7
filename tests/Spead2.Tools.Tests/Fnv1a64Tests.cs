// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Tests;

/// <summary>The hash, against values that its authors publish.</summary>
[TestFixture]
public sealed class Fnv1a64Tests
{
    [TestCase("", "cbf29ce484222325")]
    [TestCase("a", "af63dc4c8601ec8c")]
    [TestCase("foobar", "85944171f73967e8")]
    public void Hash_is_the_published_one(string text, string hash) =>
        Assert.That(Fnv1a64.Of(Encoding.ASCII.GetBytes(text)), Is.EqualTo(hash));

    [Test]
    public void Hash_of_parts_is_the_hash_of_the_whole()
    {
        var hash = new Fnv1a64();
        hash.Add("foo"u8);
        hash.Add("bar"u8);

        Assert.That(hash.ToString(), Is.EqualTo(Fnv1a64.Of("foobar"u8)));
    }
}
