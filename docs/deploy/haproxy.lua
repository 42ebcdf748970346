-- Asks Signet about a request, for haproxy.cfg beside it: `http-request lua.signet`. HAProxy 2.6 or later.
-- It lets nothing through by itself: it sets txn.signet_allowed, and haproxy.cfg refuses what has it not. A fault in here,
-- no answer, or an answer that is not understood therefore refuses.

-- The frontend `signet-question` of haproxy.cfg. HAProxy's own client cannot show a client certificate; that frontend does.
local QUESTION = { url = "http://signet/authz/forward-auth", dst = "unix@/run/haproxy/signet.sock", timeout = 2000 }

-- Headers that say how the body is sent. The question has none.
local LEFT_OUT = {
	["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["keep-alive"] = true,
	["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
}

-- What the model server is told; haproxy.cfg took the client's own off before.
local IDENTITY = {
	"signet-subject", "signet-subject-kind", "signet-project", "signet-acting-user", "signet-deployment",
	"signet-identity", "signet-policy-revision", "signet-groups-as-of",
}

-- What the client is told of a refusal.
local REFUSAL = { "content-type", "www-authenticate", "x-authz-reason", "retry-after" }

-- txn's header tables begin at 0, those that the client is given at 1.
local function list(values)
	local result = {}
	for at = 0, #values do
		if values[at] ~= nil then result[#result + 1] = values[at] end
	end
	return result
end

local function question(txn)
	local headers = {}
	for name, values in pairs(txn.http:req_get_headers()) do
		if not LEFT_OUT[name] then headers[name] = list(values) end
	end
	headers["x-forwarded-method"] = { txn.f:method() }
	headers["x-forwarded-uri"] = { txn.f:pathq() }
	headers["x-forwarded-host"] = list(txn.http:req_get_headers()["host"])
	headers["x-forwarded-proto"] = { "https" }
	-- Whose tries are limited.
	headers["x-forwarded-for"] = { txn.f:src() }
	return headers
end

local function refuse(txn, answer)
	local reply = txn:reply({ status = answer.status, reason = answer.reason })
	for _, name in ipairs(REFUSAL) do
		for _, value in ipairs(list(answer.headers[name] or {})) do reply:add_header(name, value) end
	end
	reply:set_body(answer.body)
	txn:done(reply)
end

local function signet(txn)
	local answer = core.httpclient():get({
		url = QUESTION.url, dst = QUESTION.dst, timeout = QUESTION.timeout, headers = question(txn),
	})
	if answer == nil or answer.status == nil then return end
	if answer.status == 401 or answer.status == 400 or answer.status == 403 or answer.status == 404 or answer.status == 429 then
		return refuse(txn, answer)
	end
	if answer.status ~= 200 then return end
	for _, name in ipairs(IDENTITY) do
		local values = list(answer.headers[name] or {})
		if #values > 1 then return end
		if #values == 1 then txn.http:req_set_header(name, values[1]) end
	end
	txn:set_var("txn.signet_allowed", true)
end

core.register_action("signet", { "http-req" }, signet, 0)
