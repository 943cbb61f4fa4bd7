// SPDX-License-Identifier: MIT

namespace Spead2.Tests.Items;

/// <summary>Types in words: as NumPy writes them, or marked as bits.</summary>
public sealed class TypeTextTests
{
    [TestCase("u8", "|u1")]
    [TestCase("i16", ">i2")]
    [TestCase("u64", ">u8")]
    [TestCase("f32", ">f4")]
    [TestCase("b8", "|b1")]
    [TestCase("c8", "|S1")]
    [TestCase("u12", "bits:u12")]
    [TestCase("b1", "bits:b1")]
    [TestCase("u72", "bits:u72")]
    [TestCase("u16,u8", "[('f0', '>u2'), ('f1', '|u1')]")]
    [TestCase("b1,i7,u8", "bits:b1,i7,u8")]
    public void Format_is_written_as_numpy_or_marked(string format, string expected)
    {
        ItemType type = Describe(format).Type;

        Assert.That(type.ToString(), Is.EqualTo(expected));
        Assert.That(type, Is.EqualTo(Describe(format).Type));
        Assert.That(
            () => ItemType.FromNumPy(expected),
            expected.StartsWith("bits", StringComparison.Ordinal) ? Throws.ArgumentException : Throws.Nothing);
    }

    [TestCase("\U0001f600", @"\U0001f600")]
    [TestCase("\U0001d400x", @"\U0001d400x")]
    [TestCase("\u00e9", @"\xe9")]
    [TestCase("\u0080", @"\x80")]
    [TestCase("\u0378", @"\u0378")]
    [TestCase(null, @"\ud83d")]
    [TestCase(null, @"\ude00\ud83d")]
    public void Field_name_is_written_as_python_does_in_ascii(string? name, string expected)
    {
        string text = $"[('{expected}', '<i4')]";
        ItemType type = ItemType.FromNumPy(text);

        Assert.That(type.Fields.Single().Name, name is null ? Is.Not.Empty : Is.EqualTo(name));
        Assert.That(type.ToString(), Is.EqualTo(text));
    }

    [Test]
    public void Same_text_of_another_kind_is_another_type()
    {
        Assert.That(Describe("c8").Type, Is.Not.EqualTo(ItemType.FromNumPy("|S1")));
        Assert.That(Describe("c8,u8").Type, Is.Not.EqualTo(ItemType.FromNumPy("[('f0', '|S1'), ('f1', '|u1')]")));
        Assert.That(Describe("u8,u8").Type, Is.EqualTo(ItemType.FromNumPy("[('f0', '|u1'), ('f1', '|u1')]")));
        Assert.That(
            Describe("u16"),
            Is.Not.EqualTo(ItemDescriptor.FromNumPy(0x1000, "x", "", ItemShape.Scalar, ItemType.FromNumPy(">u2"))),
            "descriptors are told apart");
    }

    private static ItemDescriptor Describe(string format) => ItemDescriptor.FromFormat(
        0x1000,
        "x",
        "",
        ItemShape.Scalar,
        [
            .. format.Split(',').Select(field => new FormatField(
                field[0], int.Parse(field.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture))),
        ]);
}
