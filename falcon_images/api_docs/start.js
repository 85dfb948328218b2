SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  displayRequestDuration: true,
  // The validator is a service of others, which would be told the address of this one.
  validatorUrl: null,
});
