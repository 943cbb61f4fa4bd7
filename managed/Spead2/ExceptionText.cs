// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>What exceptions of users say, for messages.</summary>
internal static class ExceptionText
{
    /// <summary>The text of an exception, also of one that fails to give it.</summary>
    public static string Of(Exception exception)
    {
        try
        {
            return exception.ToString();
        }
        catch (Exception)
        {
            return $"{exception.GetType()}, which fails to say more";
        }
    }
}
