// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spead2.Extensions.Hosting.Tests;

/// <summary>The alert rules and the dashboard in samples/monitoring, beside the sample of a service with metrics.</summary>
[TestFixture]
public sealed partial class MonitoringTests
{
    private const string Lost = "Spead2HeapsLost";
    private const string Silent = "Spead2Silent";

    // The window of the rules, some scrapes, and the start of the processes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // Longer than the window of the rules.
    private static readonly TimeSpan GoodTime = TimeSpan.FromSeconds(35);

    private static readonly string Root = typeof(MonitoringTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly string Monitoring = Path.Combine(Root, "samples", "monitoring");

    private readonly List<Process> _processes = [];

    [TestCase("alerts.yml")]
    [TestCase("dashboard.json")]
    public void Metrics_are_those_of_the_table(string file)
    {
        HashSet<string> known =
        [
            .. TableRow().Matches(File.ReadAllText(Path.Combine(Root, "docs", "metrics.md"))).Select(row =>
                row.Groups["name"].Value.Replace('.', '_') + (row.Groups["kind"].Value == "counter" ? "_total" : "")),
        ];
        string[] used = [.. MetricName().Matches(File.ReadAllText(Path.Combine(Monitoring, file))).Select(match => match.Value).Distinct()];

        Assert.That(used, Has.Length.GreaterThan(5));
        Assert.That(used, Is.SubsetOf(known));
    }

    [Test]
    public void Dashboard_is_JSON_with_panels()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Monitoring, "dashboard.json")));

        Assert.That(dashboard.RootElement.GetProperty("panels").GetArrayLength(), Is.GreaterThan(4));
    }

    /// <summary>Needs Prometheus, and a minute and a half: ./build.sh services.</summary>
    [Test]
    [Category("Services")]
    public async Task Alerts_fire_on_loss_and_on_silence_and_not_before()
    {
        int udp = Loopback.FreePort();
        int metrics = Loopback.FreePort();
        int api = Loopback.FreePort();
        Start("dotnet", Sample(), $"--pol0:Udp:0:Port={udp}", $"--MetricsPort={metrics}");
        using HttpClient http = new();
        await UntilAsync(async () => (await Get(http, $"http://localhost:{metrics}/metrics")).Contains("spead2_receive_streams", StringComparison.Ordinal), "metrics");
        using CancellationTokenSource end = new();
        bool isDropping = false;
        Task sender = Task.Run(async () =>
        {
            for (long first = 1; !end.IsCancellationRequested; first += 10)
            {
                // A heap has three packets.
                await Loopback.SendAsync(udp, 10, first, drop: number => Volatile.Read(ref isDropping) && number == 4);
                await Task.Delay(100);
            }
        });
        string data = Directory.CreateTempSubdirectory("spead2-prometheus-").FullName;
        try
        {
            string settings = Path.Combine(data, "prometheus.yml");
            string original = await File.ReadAllTextAsync(Path.Combine(Monitoring, "prometheus.yml"));
            await File.WriteAllTextAsync(settings, original
                .Replace("5s", "1s", StringComparison.Ordinal)
                .Replace("alerts.yml", Path.Combine(Monitoring, "alerts.yml"), StringComparison.Ordinal)
                .Replace("localhost:9464", $"localhost:{metrics}", StringComparison.Ordinal));
            Start(
                "prometheus", $"--config.file={settings}", $"--storage.tsdb.path={Path.Combine(data, "tsdb")}",
                $"--web.listen-address=127.0.0.1:{api}", "--log.level=warn");
            string query = $"http://127.0.0.1:{api}/api/v1/query?query=";
            await UntilAsync(async () => ResultsOf(await Get(http, query + "spead2_receive_payload_bytes_total")) > 0, "a scrape");
            Stopwatch time = Stopwatch.StartNew();
            while (time.Elapsed < GoodTime)
            {
                Assert.That(await FiringAsync(http, api), Is.Empty, "nothing is wrong yet");
                await Task.Delay(1000);
            }

            Volatile.Write(ref isDropping, true);
            await UntilAsync(async () => (await FiringAsync(http, api)).Contains(Lost), Lost);
            Assert.That(await FiringAsync(http, api), Does.Not.Contain(Silent));

            await end.CancelAsync();
            await sender;
            await UntilAsync(async () => (await FiringAsync(http, api)).Contains(Silent), Silent);
        }
        finally
        {
            await end.CancelAsync();
            End();
            Directory.Delete(data, recursive: true);
        }
    }

    [TearDown]
    public void End()
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _processes.Clear();
    }

    private static string Sample() => Path.Combine(
        Root, "artifacts", "bin", "dotnet-metrics", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "dotnet-metrics.dll");

    private void Start(string program, params string[] arguments) =>
        _processes.Add(Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetDirectoryName(Sample()) })!);

    private static async Task<string[]> FiringAsync(HttpClient http, int port)
    {
        using JsonDocument alerts = JsonDocument.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/api/v1/alerts"));
        return
        [
            .. alerts.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
                .Where(alert => alert.GetProperty("state").GetString() == "firing")
                .Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!),
        ];
    }

    private static int ResultsOf(string answer)
    {
        if (answer.Length == 0)
        {
            return 0;
        }

        using JsonDocument query = JsonDocument.Parse(answer);
        return query.RootElement.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    /// <summary>What is there; empty while nobody answers.</summary>
    private static async Task<string> Get(HttpClient http, string address)
    {
        try
        {
            return await http.GetStringAsync(address);
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        Stopwatch time = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.That(time.Elapsed, Is.LessThan(Patience), string.Create(CultureInfo.InvariantCulture, $"{what} within {Patience}"));
            await Task.Delay(200);
        }
    }

    [GeneratedRegex(@"^\| `(?<name>spead2\.[a-z_.]+)` \| [^|]*\| (?<kind>\w+) ", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"\bspead2_[a-z_]+\b")]
    private static partial Regex MetricName();
}
