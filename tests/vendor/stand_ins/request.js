// Stand-in for the npm module "request" (deprecated in 2020): as much as the vendor's sample uses.
'use strict'
const http = require('http')

// What that module does to a form: everything percent-encoded, a blank as %20.
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())

module.exports = function request (options, callback) {
  const body = Object.keys(options.form).map((name) => `${encode(name)}=${encode(options.form[name])}`).join('&')
  const headers = Object.assign({
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(body)
  }, options.headers)
  const sent = http.request(options.uri, { method: options.method, headers }, (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk))
    response.on('end', () => callback(null, response, Buffer.concat(chunks).toString('utf8')))
  })
  sent.on('error', (error) => callback(error))
  sent.end(body)
}
