-- Drives `remit lsp` from Neovim 0.7 or newer, as an author's editor does, and stops at the first surprise.

local function fail(what, found)
  io.stderr:write("FAILED " .. what .. ": " .. vim.inspect(found) .. "\n")
  vim.cmd("cquit 1")
end

local function check(what, fine, found)
  if not fine then fail(what, found) end
end

local client
local function ask(method, params)
  local replies = vim.lsp.buf_request_sync(0, method, params, 20000)
  local reply = replies and replies[client]
  if not reply or reply.err then fail(method, replies) end
  return reply.result
end

-- A request about a place: line from 1, byte column from 0, as Neovim counts.
local function at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params(0, "utf-16")
end

local function set(lines)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
end

local function wait_for(what, test)
  local found
  if not vim.wait(20000, function() found = vim.diagnostic.get(0) return test(found) end, 20) then
    fail(what, found)
  end
  return found
end

vim.cmd("edit guardrails/new.cedar")
client = vim.lsp.start_client({ cmd = { vim.env.REMIT, "lsp" }, root_dir = vim.fn.getcwd() })
check("start", client, client)
vim.lsp.buf_attach_client(0, client)

-- Diagnostics, with letters before them that take two bytes, and two UTF-16 units.
set({
  '@id("new")',
  'permit (principal, action == Action::"make_payment", resource)',
  'when { "é😀" != context.input.recipent };',
})
local found = wait_for("diagnostics", function(d) return #d == 1 end)
check("diagnostics: the message", found[1].message:find("recipent"), found)
check("diagnostics: the place", found[1].lnum == 2 and found[1].col == 19, found)

-- A quick fix, applied by Neovim.
local params = vim.lsp.util.make_range_params(0, "utf-16")
params.range = { start = { line = 2, character = 16 }, ["end"] = { line = 2, character = 38 } }
params.context = { diagnostics = {} }
local actions = ask("textDocument/codeAction", params)
vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
local line = vim.api.nvim_buf_get_lines(0, 2, 3, false)[1]
check("quick fix", line == 'when { "é😀" != context.input.recipient };', line)
wait_for("diagnostics after the fix", function(d) return #d == 0 end)

-- Completion, by Neovim's own reading of the answer.
set({ 'permit (principal, action == Action::"make_payment", resource)', "when { context.input.re" })
local items = ask("textDocument/completion", at(2, 23))
local matches = vim.lsp.util.text_document_completion_list_to_complete_items({ items = items }, "re")
local names = {}
for _, match in ipairs(matches) do names[match.word] = true end
check("completion", names["recipient"] and names["reference"], names)

-- Hover and definition.
set({ '@id("new")', 'permit (principal, action == Action::"make_payment", resource);' })
local hover = ask("textDocument/hover", at(2, 40))
check("hover", hover.contents.value:find("make_payment"), hover)
local places = ask("textDocument/definition", at(2, 40))
check("definition", places[1].uri:find("schema.cedarschema"), places)

-- Rename, in every file.
local rename = at(2, 40)
rename.newName = "pay"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), "utf-16")
check("rename here", vim.fn.getline(2):find('"pay"'), vim.fn.getline(2))
local schema = vim.fn.bufnr("schema.cedarschema")
local declared = table.concat(vim.api.nvim_buf_get_lines(schema, 0, -1, false), "\n")
check("rename in the schema", declared:find('action "pay" in') and not declared:find('action "make_payment"'), schema)

-- Formatting.
set({ "permit(principal,action,resource)when{true};" })
local edits = ask("textDocument/formatting", vim.lsp.util.make_formatting_params())
vim.lsp.util.apply_text_edits(edits, 0, "utf-16")
local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
check("formatting", text:find("permit %(principal, action, resource%)\nwhen { true };"), text)

io.stderr:write("all of it works\n")
vim.cmd("qall!")
