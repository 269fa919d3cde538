using System.Globalization;
using System.Security.Cryptography;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// A throw-away S3 server: Ceph's radosgw with one monitor and one object daemon that keeps everything in memory, in a
/// directory of its own and on free ports of the loopback address. Ends with this object, and at the latest with this
/// process. Linux only.
/// </summary>
/// <remarks>
/// Version 16.2 of Debian 12 keeps <c>If-None-Match</c> on puts, verifies signatures, and serves objects of cold classes
/// at once; it refuses bodies in signed chunks with a trailing checksum, and cannot restore.
/// </remarks>
public sealed class RadosGateway : IAsyncDisposable
{
    private const string User = "test";
    private const string NotKnownYet = "problem getting command descriptions";

    private readonly ServerDirectory _directory;
    private readonly List<BoundProcess> _processes = [];
    private readonly int _monitorPort = Ports.Free();

    private RadosGateway(ServerDirectory directory)
    {
        _directory = directory;
        Endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports.Free()}"));
    }

    /// <summary>The storage classes that it has besides <c>STANDARD</c>.</summary>
    public static IReadOnlyList<string> StorageClasses { get; } =
        ["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

    /// <summary>The id of the only key that its built-in key service has.</summary>
    public static string EncryptionKeyId => "test-key";

    /// <summary>Where it listens. Buckets stand in the path.</summary>
    public Uri Endpoint { get; }

    /// <summary>The name of the only user's key.</summary>
    public string AccessKey { get; } = RandomNumberGenerator.GetHexString(20);

    /// <summary>The secret of the only user.</summary>
    public string SecretKey { get; } = RandomNumberGenerator.GetHexString(40);

    private string Configuration => _directory.Entry("ceph.conf");

    /// <summary>Makes a new, empty server and returns when it answers (one to two seconds).</summary>
    /// <exception cref="ServerNotInstalledException">Ceph is not installed.</exception>
    /// <exception cref="ServerFailedException">It did not start; the message has its log.</exception>
    public static async Task<RadosGateway> StartAsync()
    {
        string[] programs = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "monmaptool"];
        if (programs.FirstOrDefault(program => InstalledPrograms.Find(program) is null) is { } missing)
        {
            throw new ServerNotInstalledException(
                $"This needs Ceph's S3 server, and {missing} is not there. Install it with 'apt-get install "
                + "--no-install-recommends radosgw ceph-mon ceph-osd' (./tests/run.sh does it).");
        }

        var server = new RadosGateway(await ServerDirectory.CreateAsync());
        try
        {
            await server.StartDaemonsAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it at once; the data is gone. Calling it again does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        // The gateway first: it waits long for the others when they are gone.
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Signal(ProcessSignal.Kill);
            await process.Exited;
        }

        _processes.Clear();
        _directory.Dispose();
    }

    private async Task StartDaemonsAsync()
    {
        var cluster = Guid.CreateVersion7().ToString();
        var daemon = Guid.CreateVersion7().ToString();
        await WriteConfigurationAsync(cluster);

        // The monitor makes its folder itself; these do not.
        await RunAsync("mkdir", _directory.Entry("osd"), _directory.Entry("rgw"));
        await RunAsync(
            "monmaptool", "--create", "--fsid", cluster, "--addv", "a", $"[v1:127.0.0.1:{_monitorPort}]",
            _directory.Entry("monmap"));
        await RunAsync("ceph-mon", "-c", Configuration, "-i", "a", "--mkfs", "--monmap", _directory.Entry("monmap"));
        var monitor = await StartAsync("ceph-mon", "-f", "-c", Configuration, "-i", "a");

        // It takes connections before it knows who may command it.
        await Poll.UntilAsync(
            async () => monitor.Exited.IsCompleted
                ? throw new ServerFailedException($"ceph-mon ended with {await monitor.Exited}:\n{ReadLogs()}")
                : await IsCommandedAsync(),
            () => $"an answer of ceph-mon. Logs:\n{ReadLogs()}");
        await CommandAsync("osd", "new", daemon);
        await RunAsync("ceph-osd", "-c", Configuration, "-i", "0", "--mkfs", "--osd-uuid", daemon);
        await StartAsync("ceph-osd", "-f", "-c", Configuration, "-i", "0");
        await CommandAsync("osd", "crush", "add", "osd.0", "1.0", "root=default");
        await AdminAsync(
            "user", "create", $"--uid={User}", $"--display-name={User}", $"--access-key={AccessKey}",
            $"--secret={SecretKey}");
        foreach (var storageClass in StorageClasses)
        {
            string[] placement = ["--placement-id", "default-placement", "--storage-class", storageClass];
            await AdminAsync(["zonegroup", "placement", "add", "--rgw-zonegroup", "default", .. placement]);
            await AdminAsync(
                ["zone", "placement", "add", "--rgw-zone", "default", .. placement, "--data-pool",
                    $"default.rgw.buckets.{storageClass.ToLowerInvariant()}"]);
        }

        var gateway = await StartAsync(
            "radosgw", "-f", "-c", Configuration, "-n", "client.rgw", "--rgw-zone=default");
        using var client = new HttpClient();
        await Poll.UntilAsync(
            async () => gateway.Exited.IsCompleted
                ? throw new ServerFailedException($"radosgw ended with {await gateway.Exited}:\n{ReadLogs()}")
                : await AnswersAsync(client),
            () => $"an answer of radosgw. Logs:\n{ReadLogs()}");
    }

    private async Task<bool> IsCommandedAsync()
    {
        try
        {
            await Command.RunAsync(BoundProcess.Unprivileged(["ceph", "-c", Configuration, "fsid"]));
            return true;
        }
        catch (ServerFailedException)
        {
            return false;
        }
    }

    // Whoever comes in the first moments of a monitor may send a command before it was told the id of the cluster, and is
    // refused. These commands may be repeated.
    private Task CommandAsync(params string[] command) => Poll.UntilAsync(
        async () =>
        {
            try
            {
                await RunAsync(["ceph", "-c", Configuration, .. command]);
                return true;
            }
            catch (ServerFailedException e) when (e.Message.Contains(NotKnownYet, StringComparison.Ordinal))
            {
                return false;
            }
        },
        () => $"ceph-mon to take a command. Logs:\n{ReadLogs()}");

    private async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync(Endpoint);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task AdminAsync(params string[] arguments) =>
        RunAsync(["radosgw-admin", "-c", Configuration, "-n", "client.rgw", .. arguments]);

    private async Task RunAsync(params string[] command)
    {
        try
        {
            await Command.RunAsync(BoundProcess.Unprivileged(command));
        }
        catch (ServerFailedException e)
        {
            throw new ServerFailedException($"{e.Message}\n{ReadLogs()}", e);
        }
    }

    private async Task<BoundProcess> StartAsync(params string[] command)
    {
        var process = await BoundProcess.StartServerAsync(
            ProcessSignal.Kill, _directory.Entry($"{command[0]}.out"), command);
        _processes.Add(process);
        return process;
    }

    private string ReadLogs()
    {
        var logs = Directory.EnumerateFiles(_directory.FullPath, "*.out")
            .Concat(Directory.EnumerateFiles(_directory.FullPath, "*.log"));
        return string.Join('\n', logs.Select(path => $"{path}:\n{string.Join('\n', File.ReadLines(path).TakeLast(20))}"));
    }

    // Without the two lines about proposals the monitor takes eleven seconds to start; without the two about the crush
    // map the daemon stops. Without tcp_nodelay every answer waits 40 ms between its head and its body.
    private Task WriteConfigurationAsync(string cluster) => File.WriteAllTextAsync(
        Configuration,
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            [global]
            fsid = {cluster}
            mon host = [v1:127.0.0.1:{_monitorPort}]
            ms bind ipv6 = false
            public addr = 127.0.0.1
            cluster addr = 127.0.0.1
            auth cluster required = none
            auth service required = none
            auth client required = none
            run dir = {_directory.FullPath}
            log file = {_directory.Entry("$name.log")}
            admin socket = {_directory.Entry("$name.asok")}
            pid file = {_directory.Entry("$name.pid")}
            mon data = {_directory.Entry("mon")}
            osd data = {_directory.Entry("osd")}
            rgw data = {_directory.Entry("rgw")}
            paxos propose interval = 0.02
            paxos min wait = 0.01
            mon allow pool size one = true
            mon max pg per osd = 1000
            mon data avail crit = 0
            mon data avail warn = 0
            osd pool default size = 1
            osd pool default min size = 1
            osd pool default pg num = 4
            osd pool default pgp num = 4
            osd pool default pg autoscale mode = off
            osd crush chooseleaf type = 0
            osd objectstore = memstore
            memstore device bytes = 2G
            osd class update on start = false
            osd crush update on start = false
            rgw frontends = beast endpoint=127.0.0.1:{Endpoint.Port} tcp_nodelay=1
            rgw crypt require ssl = false
            rgw crypt s3 kms backend = testing
            rgw crypt s3 kms encryption keys = {EncryptionKeyId}={Convert.ToBase64String(new byte[32])}
            rgw num rados handles = 1
            rgw thread pool size = 32

            """));
}
