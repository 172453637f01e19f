package io.drover.controller.server;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.Code;
import com.google.rpc.Status;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.drover.controller.migration.MigrationStreams;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.ProblemStatus;
import io.drover.controller.stream.Calls;
import io.drover.controller.stream.ClientGoneException;
import io.drover.controller.stream.Outbound;
import io.drover.controller.vm.VmRelay;
import io.drover.controller.vm.VmStreams;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.WatchMigrationRequest;
import io.drover.proto.v1.WatchVmsRequest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The server streams of the API as JSON over HTTP, which Armeria's transcoding leaves out: a line for each message,
 * {@code {"result": {…}}}, and when it fails a last line {@code {"error": {…}}}, as grpc-gateway does.
 */
final class JsonStreams implements AutoCloseable {
    private static final MediaType LINES = MediaType.parse("application/x-ndjson");

    private final JsonFormat.Printer printer = JsonFormat.printer().omittingInsignificantWhitespace();
    private final ExecutorService threads = Executors
            .newThreadPerTaskExecutor(Thread.ofVirtual().name("json-", 0).factory());
    private final VmStreams streams;
    private final VmRelay relay;
    private final MigrationStreams migrations;

    JsonStreams(VmStreams streams, VmRelay relay, MigrationStreams migrations) {
        this.streams = streams;
        this.relay = relay;
        this.migrations = migrations;
    }

    /** GET /v1/migrations/{migration}:watch. */
    HttpService migration() {
        return (ctx, request) -> serve(ctx, out -> migrations.watch(WatchMigrationRequest.newBuilder()
                .setName("migrations/" + ctx.pathParam("migration")).build(), out::send));
    }

    /** GET /v1/vms:watch. */
    HttpService watch() {
        return (ctx, request) -> {
            QueryParams query = ctx.queryParams();
            WatchVmsRequest watch = WatchVmsRequest.newBuilder().setRevision(query.get("revision", ""))
                    .setFilter(query.get("filter", "")).build();
            return serve(ctx, out -> streams.watch(watch, out::send));
        };
    }

    /** GET /v1/vms/{vm}:log. */
    HttpService log() {
        return (ctx, request) -> {
            QueryParams query = ctx.queryParams();
            return serve(ctx, out -> {
                ReadVmLogRequest.Builder read = ReadVmLogRequest.newBuilder().setName("vms/" + ctx.pathParam("vm"))
                        .setFollow(Boolean.parseBoolean(query.get("follow", "false")));
                try {
                    read.setLog(ReadVmLogRequest.Log.valueOf(query.get("log", "LOG_UNSPECIFIED")));
                } catch (IllegalArgumentException e) {
                    throw ProblemException.invalid("log", query.get("log") + " (expected: CONSOLE or VMM)");
                }
                try {
                    read.setTailBytes(Long.parseLong(query.get("tailBytes", query.get("tail_bytes", "0"))));
                } catch (NumberFormatException e) {
                    throw ProblemException.invalid("tail_bytes", "not a number (expected: 0 or more)");
                }
                relay.readLog(read.build(), out::send);
            });
        };
    }

    private interface Body {
        void run(Lines out) throws ProblemException, ClientGoneException, InterruptedException;
    }

    private HttpResponse serve(ServiceRequestContext ctx, Body body) {
        ctx.clearRequestTimeout();
        HttpResponseWriter response = HttpResponse.streaming();
        Lines lines = new Lines(response);
        cancelWhenOver(response, threads.submit(() -> run(lines, body)));
        return response;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // nothing comes of it but the cancellation
    private static void cancelWhenOver(HttpResponse response, Future<?> running) {
        response.whenComplete().whenComplete((nothing, failure) -> running.cancel(true));
    }

    private static void run(Lines lines, Body body) {
        try {
            body.run(lines);
            lines.end();
        } catch (ProblemException e) {
            lines.fail(e.problem());
        } catch (RuntimeException e) {
            lines.fail(Calls.fault(e));
        } catch (ClientGoneException | InterruptedException e) {
            lines.end();
        }
    }

    /** Belongs to one thread. */
    private final class Lines implements Outbound<MessageOrBuilder> {
        private final HttpResponseWriter response;
        private boolean begun;

        Lines(HttpResponseWriter response) {
            this.response = response;
        }

        @Override
        public void send(MessageOrBuilder message) throws ClientGoneException, InterruptedException {
            begin();
            String json;
            try {
                json = printer.print(message);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("message of the API without a JSON form", e);
            }
            write("{\"result\":" + json + "}\n");
        }

        private void write(String line) throws ClientGoneException, InterruptedException {
            if (!response.tryWrite(HttpData.ofUtf8(line))) {
                throw new ClientGoneException();
            }
            try {
                response.whenConsumed().get();
            } catch (ExecutionException e) {
                throw new ClientGoneException();
            }
        }

        private void begin() {
            if (!begun) {
                begun = true;
                offer(ResponseHeaders.of(HttpStatus.OK, HttpHeaderNames.CONTENT_TYPE, LINES));
            }
        }

        /** Refused when the client is gone: then nobody is left to tell. */
        private void offer(HttpObject part) {
            boolean _ = response.tryWrite(part);
        }

        void end() {
            begin();
            response.close();
        }

        void fail(Problem problem) {
            Status status = ProblemStatus.of(problem);
            String json = JsonErrors.json(status);
            if (begun) {
                offer(HttpData.ofUtf8(json + "\n"));
            } else {
                begun = true;
                offer(
                        ResponseHeaders.of(HttpStatus.valueOf(HttpStatuses.of(Code.forNumber(status.getCode()))),
                                HttpHeaderNames.CONTENT_TYPE, MediaType.JSON_UTF_8));
                offer(HttpData.ofUtf8(json));
            }
            response.close();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
