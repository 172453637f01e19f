package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.drover.controller.fake.FakeAgent;
import io.grpc.CallOptions;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.UUID;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All that one port serves besides gRPC itself. */
final class OnePortTest {
    @TempDir
    private static Path data;
    private static Cloud cloud;
    private static HttpClient http;
    private static FakeAgent host;

    @BeforeAll
    static void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        host = cloud.host("h1");
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10))
                .build();
    }

    @AfterAll
    static void stop() {
        http.close();
        cloud.close();
    }

    private static HttpResponse<String> send(String method, String path, String body) throws Exception {
        return http.send(request(path).method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("content-type", "application/json").build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + cloud.api() + path)).timeout(Duration.ofSeconds(30));
    }

    private static JsonObject json(HttpResponse<String> response) {
        return JsonParser.parseString(response.body()).getAsJsonObject();
    }

    @Test
    void vmIsCreatedReadAndStoppedInJson() throws Exception {
        HttpResponse<String> created = send("POST", "/v1/vms?vm_id=json-1",
                "{\"spec\": {\"vcpus\": 1, \"memoryBytes\": \"67108864\", \"image\": \"images/debian\"}}");
        assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
        String task = json(created).get("name").getAsString();
        HttpResponse<String> waited = send("GET", "/v1/" + task + ":wait", "");
        assertThat(json(waited).get("state").getAsString()).isEqualTo("SUCCEEDED");
        assertThat(json(send("GET", "/v1/vms/json-1", "")).get("state").getAsString()).isEqualTo("VM_STATE_RUNNING");
        assertThat(json(send("GET", "/v1/vms?filter=name:%22json%22", "")).get("totalSize").getAsInt()).isEqualTo(1);
        HttpResponse<String> stopped = send("POST", "/v1/vms/json-1:stop", "{\"mode\": \"FORCED\"}");
        assertThat(json(stopped).get("method").getAsString()).isEqualTo("StopVm");
        HttpResponse<String> log = send("GET", "/v1/vms/json-1:log", "");
        assertThat(log.headers().firstValue("content-type")).hasValue("application/x-ndjson");
        assertThat(log.body()).startsWith("{\"result\":{\"data\":");
    }

    @Test
    void parametersAreNamedAsInJsonOrAsInProto() throws Exception {
        String body = "{\"spec\": {\"vcpus\": 1, \"memoryBytes\": \"67108864\", \"image\": \"images/debian\"}, "
                + "\"desiredState\": \"POWER_STATE_STOPPED\"}";
        for (String name : new String[] {"vmId", "vm_id"}) {
            HttpResponse<String> created = send("POST", "/v1/vms?" + name + "=" + name.toLowerCase(Locale.ROOT)
                    .replace("_", "-") + "-named", body);
            assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
        }
        for (String size : new String[] {"pageSize", "page_size"}) {
            JsonObject page = json(send("GET", "/v1/vms?filter=name:%22-named%22&" + size + "=1", ""));
            assertThat(page.getAsJsonArray("vms")).hasSize(1);
            JsonObject vm = page.getAsJsonArray("vms").get(0).getAsJsonObject();
            assertThat(vm.has("hostReachable") && vm.get("hostReachable").getAsBoolean())
                    .as("a VM without a host: %s", vm).isFalse();
        }
        assertThat(send("DELETE", "/v1/hosts/nobody?force=true&requestId=" + UUID.randomUUID(), "").statusCode())
                .isEqualTo(404);
    }

    @Test
    void errorsHaveTheShapeOfGooglesApis() throws Exception {
        HttpResponse<String> missing = send("GET", "/v1/vms/nobody", "");
        assertThat(missing.statusCode()).isEqualTo(404);
        JsonObject error = json(missing).getAsJsonObject("error");
        assertThat(error.get("status").getAsString()).isEqualTo("NOT_FOUND");
        JsonObject info = error.getAsJsonArray("details").get(0).getAsJsonObject();
        assertThat(info.get("@type").getAsString()).isEqualTo("type.googleapis.com/google.rpc.ErrorInfo");
        assertThat(info.getAsJsonObject("metadata").get("resource").getAsString()).isEqualTo("vms/nobody");
        assertThat(json(send("GET", "/v1/nothing", "")).getAsJsonObject("error").get("code").getAsInt()).isEqualTo(404);
        HttpResponse<String> broken = send("POST", "/v1/vms?vm_id=x", "{\"spec\": 12");
        assertThat(broken.statusCode()).as(broken.body()).isEqualTo(400);
        assertThat(json(broken).getAsJsonObject("error").get("status").getAsString()).isEqualTo("INVALID_ARGUMENT");
        assertThat(json(send("GET", "/v1/vms/nobody:log", "")).getAsJsonObject("error").get("code").getAsInt())
                .isEqualTo(404);
    }

    @Test
    void watchIsALineForEachEvent() throws Exception {
        HttpResponse<InputStream> watch = http.send(request("/v1/vms:watch?filter=name:%22lines%22").build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream lines = watch.body()) {
            assertThat(line(lines)).contains("SYNCED");
            cloud.vms().createVm(Cloud.creation("lines-1"));
            assertThat(line(lines)).contains("ADDED").contains("vms/lines-1");
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    @Test
    void grpcWebIsServed() throws Exception {
        // A frame of gRPC-Web: no flags, then the length of an empty message (gRPC-Web protocol, PROTOCOL-WEB.md).
        HttpResponse<byte[]> response = http.send(request("/drover.v1.HostService/ListHosts")
                .header("content-type", "application/grpc-web+proto")
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5])).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(new String(response.body(), StandardCharsets.ISO_8859_1)).contains("hosts/h1")
                .contains("grpc-status: 0");
    }

    @Test
    void healthIsToldOverHttpAndGrpc() throws Exception {
        assertThat(send("GET", "/healthz", "").statusCode()).isEqualTo(200);
        HealthCheckResponse health = HealthGrpc.newBlockingStub(cloud.channel()).withDeadlineAfter(10, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance());
        assertThat(health.getStatus()).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }

    @Test
    void metricsAreInPrometheusForm() throws Exception {
        cloud.running("metrics-1");
        assertThat(host.running()).isNotEmpty();
        String metrics = Eventually.get(() -> send("GET", "/metrics", "").body(),
                text -> text.contains("drover_leader 1"));
        assertThat(metrics).contains("drover_zookeeper_connected 1").contains("drover_hosts{state=\"ready\"} 1")
                .contains("drover_vms{state=\"running\"}").contains("drover_reconcile_seconds_bucket")
                .contains("drover_tasks_seconds_count{method=\"CreateVm\",outcome=\"succeeded\"}")
                .contains("drover_api_requests_total");
        assertThat(Arrays.stream(metrics.split("\n")).filter(line -> line.startsWith("drover_vms{state=\"running\"}"))
                .toList())
                .hasSize(1);
    }

    @Test
    void referenceCanBeBrowsed() throws Exception {
        assertThat(send("GET", "/docs/", "").body()).contains("<html");
        String specification = send("GET", "/docs/specification.json", "").body();
        assertThat(specification).contains("drover.v1.VmService").contains("WatchVms").contains("CreateVm");
    }

    @Test
    void clientsCanReflect() throws Exception {
        var call = ClientCalls.blockingBidiStreamingCall(cloud.channel(),
                ServerReflectionGrpc.getServerReflectionInfoMethod(),
                CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS));
        call.write(ServerReflectionRequest.newBuilder().setListServices("").build());
        assertThat(call.read().getListServicesResponse().getServiceList()).extracting(service -> service.getName())
                .contains("drover.v1.VmService", "drover.v1.TaskService", "drover.v1.ImageService",
                        "drover.v1.HostService");
        call.write(ServerReflectionRequest.newBuilder().setFileContainingSymbol("drover.v1.VmService").build());
        assertThat(call.read().getFileDescriptorResponse().getFileDescriptorProtoCount()).isPositive();
        call.halfClose();
        assertThat(call.read()).isNull();
    }
}
