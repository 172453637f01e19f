"""A gRPC client that knows nothing of a server but what the server says of itself (gRPC server reflection).

It needs grpcio and protobuf only (in Debian: python3-grpcio, python3-protobuf): no generated code, no .proto files. The
messages of the reflection protocol itself are built by hand below, as the packages above do not bring them.
"""

import json

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


def message_class(pool, name):
    """The class of a message by its full name."""
    descriptor = pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and later
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def reflection_messages(package):
    """ServerReflectionRequest and ServerReflectionResponse, with the fields that are used here.

    From grpc/reflection/v1/reflection.proto in github.com/grpc/grpc-proto; v1alpha has the same numbers.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    string, raw = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
    number = descriptor_pb2.FieldDescriptorProto.TYPE_INT32

    def message(message_name, *fields):
        added = file.message_type.add(name=message_name)
        for field_name, field_number, kind, repeated in fields:
            field = added.field.add(name=field_name, number=field_number, label=3 if repeated else 1)
            if isinstance(kind, str):
                field.type, field.type_name = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = kind

    message("ServerReflectionRequest", ("file_by_filename", 3, string, False), ("file_containing_symbol", 4, string, False),
            ("list_services", 7, string, False))
    message("FileDescriptorResponse", ("file_descriptor_proto", 1, raw, True))
    message("ServiceResponse", ("name", 1, string, False))
    message("ListServiceResponse", ("service", 1, "ServiceResponse", True))
    message("ErrorResponse", ("error_code", 1, number, False), ("error_message", 2, string, False))
    message("ServerReflectionResponse", ("file_descriptor_response", 4, "FileDescriptorResponse", False),
            ("list_services_response", 6, "ListServiceResponse", False), ("error_response", 7, "ErrorResponse", False))
    for field in file.message_type[0].field:
        field.oneof_index = 0  # so that an empty string that is set is sent
    file.message_type[0].oneof_decl.add(name="message_request")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return (message_class(pool, f"{package}.ServerReflectionRequest"), message_class(pool, f"{package}.ServerReflectionResponse"))


class ReflectionError(Exception):
    """The server cannot say what was asked."""


class ReflectedServer:
    """A server, its services and its messages. Messages are Python dictionaries, in protobuf's JSON form."""

    def __init__(self, channel, timeout=30):
        self._channel = channel
        self._timeout = timeout
        self._package = None
        self._pool = descriptor_pool.DescriptorPool()
        self._files = set()
        self._methods = {}

    def services(self):
        """The full names of the services."""
        return sorted(service.name for service in self._ask(list_services="").list_services_response.service)

    def methods(self, service):
        """The descriptors (MethodDescriptorProto) of a service's methods, by name."""
        if service not in self._methods:
            answer = self._ask(file_containing_symbol=service)
            self._add_files(answer.file_descriptor_response.file_descriptor_proto)
            if service not in self._methods:
                raise ReflectionError(f"{service} is not a service")
        return self._methods[service]

    def call(self, service, method, request=None, timeout=None):
        """Calls a method with one response and returns it. `request` is a list where the method takes a stream."""
        return self._to_dict(self._invoke(service, method, request, timeout or self._timeout))

    def stream(self, service, method, request=None, timeout=None):
        """Calls a method with a stream of responses: yields each. Closing the generator cancels the call."""
        call = self._invoke(service, method, request, timeout)
        try:
            for response in call:
                yield self._to_dict(response)
        finally:
            call.cancel()

    def _invoke(self, service, method, request, timeout):
        described = self.methods(service)[method]
        request_class = message_class(self._pool, described.input_type.lstrip("."))
        response_class = message_class(self._pool, described.output_type.lstrip("."))
        kind = ("stream" if described.client_streaming else "unary") + "_" + ("stream" if described.server_streaming else "unary")
        stub = getattr(self._channel, kind)(f"/{service}/{method}", request_serializer=lambda message: message.SerializeToString(),
                                            response_deserializer=response_class.FromString)
        if described.client_streaming:
            return stub((json_format.ParseDict(each, request_class()) for each in request or []), timeout=timeout)
        return stub(json_format.ParseDict(request or {}, request_class()), timeout=timeout)

    def _to_dict(self, message):
        self._drop_undescribed(message)
        return json.loads(json_format.MessageToJson(message, descriptor_pool=self._pool))

    def _drop_undescribed(self, message):
        """Removes what has no JSON form here: each Any, as in the details of an error, of a type that no method names."""
        for field, value in message.ListFields():
            if field.message_type is None or field.message_type.GetOptions().map_entry:
                continue
            repeated = field.label == field.LABEL_REPEATED
            if field.message_type.full_name != "google.protobuf.Any":
                for each in value if repeated else [value]:
                    self._drop_undescribed(each)
            elif not all(self._describes(each) for each in (value if repeated else [value])):
                message.ClearField(field.name)

    def _describes(self, packed):
        try:
            return self._pool.FindMessageTypeByName(packed.type_url.rpartition("/")[2]) is not None
        except KeyError:
            return False

    def _add_files(self, serialized):
        """Adds files to the pool, those that they import first; asks for imports that the server did not send along."""
        files = [descriptor_pb2.FileDescriptorProto.FromString(each) for each in serialized]
        waiting = {file.name: file for file in files if file.name not in self._files}
        while waiting:
            missing = {name for file in waiting.values() for name in file.dependency} - self._files - waiting.keys()
            for name in missing:
                answer = self._ask(file_by_filename=name)
                for each in answer.file_descriptor_response.file_descriptor_proto:
                    file = descriptor_pb2.FileDescriptorProto.FromString(each)
                    if file.name not in self._files:
                        waiting[file.name] = file
            for file in [file for file in waiting.values() if self._files.issuperset(file.dependency)]:
                self._pool.Add(file)
                self._files.add(file.name)
                del waiting[file.name]
                for service in file.service:
                    name = f"{file.package}.{service.name}" if file.package else service.name
                    self._methods[name] = {method.name: method for method in service.method}

    def _ask(self, **question):
        """One question in a stream of its own; v1 of the protocol, or v1alpha where the server knows only that."""
        packages = [self._package] if self._package else ["grpc.reflection.v1", "grpc.reflection.v1alpha"]
        for package in packages:
            request_class, response_class = reflection_messages(package)
            stub = self._channel.stream_stream(f"/{package}.ServerReflection/ServerReflectionInfo",
                                               request_serializer=lambda message: message.SerializeToString(),
                                               response_deserializer=response_class.FromString)
            try:
                answer = next(stub(iter([request_class(**question)]), timeout=self._timeout))
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNIMPLEMENTED and package != packages[-1]:
                    continue
                raise
            self._package = package
            if answer.HasField("error_response"):
                raise ReflectionError(f"{question}: {answer.error_response.error_message}")
            return answer
        raise ReflectionError("the server has no reflection service")
