// SPDX-License-Identifier: MIT

// A service that receives two polarisations, with options from appsettings.json.
using Spead2;
using Spead2.Extensions.Hosting;
using Spead2.Receive;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
foreach (string name in (string[])["pol0", "pol1"])
{
    builder.Services.AddSpead2Receiver(name, builder.Configuration.GetSection(name)).AddHandler<ItemPrinter>().AddHealthCheck();
}

builder.Build().Run();

internal sealed class ItemPrinter(ILogger<ItemPrinter> logger) : IHeapHandler, IDisposable
{
    private readonly ItemGroup _items = new();

    public ValueTask HandleAsync(Heap heap, CancellationToken cancellationToken)
    {
        foreach (Item item in _items.Update(heap))
        {
            logger.LogInformation("heap {Cnt}: {Name} = {Value}", heap.Cnt, item.Name, item.Value);
        }

        return ValueTask.CompletedTask;
    }

    public void Dispose() => _items.Dispose();
}
