// SPDX-License-Identifier: MIT

// A service that receives a stream and shows its metrics to Prometheus.
using OpenTelemetry.Metrics;
using Spead2;
using Spead2.Extensions.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddSpead2Receiver("pol0", builder.Configuration.GetSection("pol0")).AddHandler((_, _) => ValueTask.CompletedTask);
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
    .AddMeter(Spead2Metrics.MeterName)
    .AddPrometheusHttpListener(options => options.Port = int.Parse(builder.Configuration["MetricsPort"]!)));
builder.Build().Run();
