package io.drover.controller.server;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.UnframedGrpcErrorHandler;
import java.util.Base64;
import java.util.Optional;

/** Errors of the API over JSON, in the form of Google's APIs: {@code {"error": {"code", "message", "status", "details"}}}. */
final class JsonErrors implements UnframedGrpcErrorHandler {
    private static final JsonFormat.Printer PRINTER = JsonFormat.printer().usingTypeRegistry(TypeRegistry.newBuilder()
            .add(ErrorInfo.getDescriptor()).add(BadRequest.getDescriptor()).add(RetryInfo.getDescriptor())
            .add(PreconditionFailure.getDescriptor()).build());
    private static final Gson GSON = new Gson();
    private static final String DETAILS = "grpc-status-details-bin";

    @Override
    public HttpResponse handle(ServiceRequestContext ctx, io.grpc.Status status, AggregatedHttpResponse response) {
        return response(details(response).orElseGet(() -> Status.newBuilder().setCode(status.getCode().value())
                .setMessage(status.getDescription() == null ? "" : status.getDescription()).build()));
    }

    static HttpResponse response(Status status) {
        Code code = code(status);
        return HttpResponse.of(HttpStatus.valueOf(HttpStatuses.of(code)), MediaType.JSON_UTF_8, json(status));
    }

    static String json(Status status) {
        Code code = code(status);
        JsonObject error = new JsonObject();
        error.addProperty("code", HttpStatuses.of(code));
        error.addProperty("message", status.getMessage());
        error.addProperty("status", code.name());
        error.add("details", printed(status));
        JsonObject body = new JsonObject();
        body.add("error", error);
        return GSON.toJson(body);
    }

    private static Code code(Status status) {
        Code code = Code.forNumber(status.getCode());
        return code == null ? Code.UNKNOWN : code;
    }

    private static JsonArray printed(Status status) {
        try {
            JsonArray details = JsonParser.parseString(PRINTER.print(status)).getAsJsonObject()
                    .getAsJsonArray("details");
            return details == null ? new JsonArray() : details;
        } catch (InvalidProtocolBufferException e) {
            // A detail of a type that we do not make: the rest of the error counts more.
            return new JsonArray();
        }
    }

    private static Optional<Status> details(AggregatedHttpResponse response) {
        String encoded = response.trailers().get(DETAILS, response.headers().get(DETAILS, ""));
        if (encoded.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Status.parseFrom(Base64.getMimeDecoder().decode(encoded)));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
