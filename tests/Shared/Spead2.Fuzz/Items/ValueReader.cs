// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Spead2.Fuzz.Items;

/// <summary>Reads a value in every form. What comes out must be documented, and the forms must agree.</summary>
internal static class ValueReader
{
    /// <summary>Reads the value of an item that has one.</summary>
    /// <param name="item">The item.</param>
    /// <param name="refuse">Is told of documented exceptions.</param>
    public static void Read(Item item, Action<Exception> refuse)
    {
        _ = item.ToString();
        _ = item.Value.ToString();
        object value = item.Value.ToObject()!;
        _ = item.RawBytes.Length;
        ReadElements(item, refuse);
        Try(() => item.ToText());
        Try(() => item.ToNumber<BigInteger>());
        Try(() => item.ToNumber<byte>());
        if (item.Type.Kind == ItemKind.Record)
        {
            Require(item.ToRecords().Length == item.Count, "as many records as elements");
            Try(() => item.ToRecord());
            ReadFields(item, refuse);
        }

        Require(
            value is not Array array || value is byte[] || array.Length == item.Count, "as many objects as elements");
        WriteAndReadAgain(item, value);

        void Try(Action read) => ReadOrRefuse(read, refuse);
    }

    private static void ReadElements(Item item, Action<Exception> refuse)
    {
        // All types that are wrong would only throw, again and again.
        foreach (ItemForm form in ItemForm.All)
        {
            if (form.Type == item.Type.NativeType || form.Number == item.Version % ItemForm.All.Count)
            {
                foreach (ByteOrder order in Enum.GetValues<ByteOrder>())
                {
                    ReadOrRefuse(() => form.Read(item, order), refuse);
                }
            }
        }
    }

    private static void ReadFields(Item item, Action<Exception> refuse)
    {
        foreach (ItemField field in item.Type.Fields)
        {
            ReadOrRefuse(() => item.ToArray<ushort>(field.Name), refuse);
        }
    }

    private static void WriteAndReadAgain(Item item, object value)
    {
        string before = item.Value.ToString();
        item.SetValue(value);
        string after = item.Value.ToString();
        Require(before == after, $"{item.Descriptor} is read as it was written: '{before}', '{after}'");
    }

    private static void ReadOrRefuse(Action read, Action<Exception> refuse)
    {
        try
        {
            read();
        }
        catch (Exception exception) when (exception is InvalidCastException or OverflowException)
        {
            refuse(exception);
        }
    }

    private static void Require(bool condition, string rule)
    {
        if (!condition)
        {
            throw new InvalidDataException($"Not true: {rule}");
        }
    }
}
