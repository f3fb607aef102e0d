// The Durable extension of Azure Functions, on the storage account that AzureWebJobsStorage names, with the app's own host.json.
// Orchestrators and activities run in Node: each is a static method here that posts its trigger's data to the Node process which
// started this one, in the protocol that the extension has for languages other than C#.
//
// Standard input: one JSON line with the functions, then "stop" to end in order. Its end means that Node is dead, and ends this process
// at once. Standard output: one JSON line with the address of the extension's local API, among lines of that API. Standard error: the
// log, one JSON object per event.

using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host.Config;
using Newtonsoft.Json;

var start = Json.Read<Start>((await Console.In.ReadLineAsync())!)!;
Functions.Calls = new Uri(start.Calls);
var types = new FunctionTypes(start);

using var host = new HostBuilder()
    .ConfigureAppConfiguration(configuration => configuration
        .AddInMemoryCollection(HostJson.Under("AzureWebJobs", start.HostJson))
        .AddEnvironmentVariables())
    .ConfigureLogging((context, logging) => logging
        .AddConfiguration(context.Configuration.GetSection("AzureWebJobs:logging"))
        .AddJsonConsole(console => console.UseUtcTimestamp = true)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace))
    .ConfigureServices(services => services
        .AddSingleton<ITypeLocator>(types)
        .AddSingleton<IWebHookProvider>(new WebHook()))
    .ConfigureWebJobs(jobs => jobs.AddDurableTask())
    .Build();

await host.StartAsync();
Console.Out.WriteLine(JsonConvert.SerializeObject(new { rpcBaseUrl = Extension.LocalApi(host.Services) }));

for (string? line; (line = await Console.In.ReadLineAsync()) != "stop";)
    if (line == null) System.Diagnostics.Process.GetCurrentProcess().Kill();
await host.StopAsync();

/// <summary>The first line from Node.</summary>
record Start(string HostJson, string Calls, string[] Orchestrators, string[] Activities);

/// <summary>The extension puts links to a public management API into its answers. There is none here, and the client reads no link.</summary>
sealed class WebHook : IWebHookProvider
{
    public Uri GetUrl(IExtensionConfigProvider extension) => new("http://localhost/");
}

/// <summary>Dates stay texts: a date that was read as "...02.400Z" would be written as "...02.4Z".</summary>
static class Json
{
    static readonly JsonSerializerSettings Settings = new() { DateParseHandling = DateParseHandling.None };

    public static T? Read<T>(string text) => JsonConvert.DeserializeObject<T>(text, Settings);
}

static class HostJson
{
    /// <summary>The file's values as configuration below a section of that name, as the Functions host reads them.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Under(string section, string path) =>
        new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build().AsEnumerable()
            .Select(entry => KeyValuePair.Create($"{section}:{entry.Key}", entry.Value));
}

static class Extension
{
    /// <summary>The extension gives this address only to the Functions host, so it is not public.</summary>
    public static string LocalApi(IServiceProvider services)
    {
        const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        var extension = services.GetServices<IExtensionConfigProvider>().OfType<DurableTaskExtension>().Single();
        var api = typeof(DurableTaskExtension).GetProperty("HttpApiHandler", Hidden)!.GetValue(extension)!;
        var found = new object?[] { null };
        var isOpen = (bool)api.GetType().GetMethod("TryGetRpcBaseUrl", Hidden)!.Invoke(api, found)!;
        return isOpen ? found[0]!.ToString()! : throw new InvalidOperationException("the extension has opened no local API");
    }
}

/// <summary>One public static method per function, made at run time, as the Functions host makes them for Node.</summary>
sealed class FunctionTypes : ITypeLocator
{
    readonly Type type;

    public FunctionTypes(Start start)
    {
        var module = AssemblyBuilder
            .DefineDynamicAssembly(new AssemblyName("Functions"), AssemblyBuilderAccess.Run)
            .DefineDynamicModule("Functions");
        var builder = module.DefineType("Functions", TypeAttributes.Public | TypeAttributes.Class);
        foreach (var name in start.Orchestrators)
            Define(builder, name, typeof(OrchestrationTriggerAttribute), nameof(Functions.Orchestrate), "context");
        foreach (var name in start.Activities)
            Define(builder, name, typeof(ActivityTriggerAttribute), nameof(Functions.Act), "input", "instanceId");
        type = builder.CreateType();
    }

    public IReadOnlyList<Type> GetTypes() => [type];

    /// <summary>Its first parameter has the trigger; the others are filled from the trigger's data by their names.</summary>
    static void Define(TypeBuilder builder, string name, Type trigger, string calls, params string[] parameters)
    {
        var method = builder.DefineMethod(
            name,
            MethodAttributes.Public | MethodAttributes.Static,
            typeof(Task<object?>),
            parameters.Select(_ => typeof(string)).ToArray());
        method.SetCustomAttribute(With(typeof(FunctionNameAttribute), [typeof(string)], [name]));
        for (var index = 0; index < parameters.Length; index++)
        {
            var parameter = method.DefineParameter(index + 1, ParameterAttributes.None, parameters[index]);
            if (index == 0) parameter.SetCustomAttribute(With(trigger, [], []));
        }
        var code = method.GetILGenerator();
        code.Emit(OpCodes.Ldstr, name);
        for (var index = 0; index < parameters.Length; index++) code.Emit(OpCodes.Ldarg, index);
        code.Emit(OpCodes.Call, typeof(Functions).GetMethod(calls)!);
        code.Emit(OpCodes.Ret);
    }

    static CustomAttributeBuilder With(Type attribute, Type[] types, object[] values) =>
        new(attribute.GetConstructor(types)!, values);
}

/// <summary>Public, because the methods made at run time call it.</summary>
public static class Functions
{
    public static Uri Calls { get; set; } = null!;

    /// <summary>A call lasts as long as its activity. This side closes idle connections earlier than Node does.</summary>
    static readonly HttpClient Node = new(new SocketsHttpHandler
    {
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
        UseProxy = false,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public static Task<object?> Orchestrate(string name, string context) => Post(name, new { data = context });

    public static Task<object?> Act(string name, string? input, string instanceId) =>
        Post(name, new { data = input, instanceId });

    static async Task<object?> Post(string name, object call)
    {
        var content = new StringContent(JsonConvert.SerializeObject(call), Encoding.UTF8, "application/json");
        using var response = await Send(name, content);
        var text = await response.Content.ReadAsStringAsync();
        if (response.IsSuccessStatusCode) return Json.Read<object>(text);
        var failure = Json.Read<Failure>(text)!;
        // The form of the Functions host, which the extension parses.
        throw new Exception($"Result: Failure\nException: {failure.Message}\nStack: {failure.Stack}");
    }

    /// <summary>
    /// Without a connection Node is dead, which this process may see here before its standard input ends. An error would be recorded
    /// as the answer of an activity that must run again.
    /// </summary>
    static async Task<HttpResponseMessage> Send(string name, HttpContent content)
    {
        try
        {
            return await Node.PostAsync(new Uri(Calls, $"functions/{name}"), content);
        }
        catch (HttpRequestException)
        {
            System.Diagnostics.Process.GetCurrentProcess().Kill();
            throw;
        }
    }

    record Failure(string Message, string Stack);
}
